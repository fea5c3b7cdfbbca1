import Foundation

/// One image of a data set.
public struct ImageEntry: Sendable, Hashable {
    /// With extension; relative to `images/` where `data.json` lists it, else to the data set's folder.
    public let name: String
    /// The file.
    public let path: URL
    /// Whether it is listed as abnormal.
    public let isAbnormal: Bool
    /// The mask of an abnormal test image, if there is one; > 0 is abnormal.
    public let mask: URL?
}
