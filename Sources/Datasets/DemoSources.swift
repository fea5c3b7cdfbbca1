import Foundation

/// Where the demo's real images come from.
public struct DemoSources: Sendable {
    /// A skull-stripped T1 volume of the Colin 27 average brain: `ch2better.nii.gz` of Debian's `mricron-data`.
    public var volume = URL(filePath: "/usr/share/mricron/templates/ch2better.nii.gz")
    /// Colon tissue with DAB-stained glands: `ihc.png` of Debian's `python3-skimage`.
    public var histology = URL(filePath: "/usr/lib/python3/dist-packages/skimage/data/ihc.png")

    /// Where Debian puts them.
    public init() {}
}
