import Foundation

/// One image of a data set.
public struct ImageEntry: Sendable, Hashable {
    /// With extension; relative to `images/` where `data.json` lists it, else to the data set's folder.
    public let name: String
    /// The file.
    public let path: URL
    /// Whether it is listed as abnormal.
    public let isAbnormal: Bool
    /// The masks of an abnormal test image, if there are any: a pixel is abnormal that one of them marks.
    public let masks: [URL]

    /// Whether there is a mask.
    public var hasMask: Bool { !masks.isEmpty }
}
