/// Which pixel 0...255 each sample of an image becomes, for images of one depth.
public struct IntensityTable: Sendable, Hashable {
    /// Bits of the samples it is for: 8 or 16.
    public let depth: Int
    /// The pixel of each sample, 2^depth of them.
    let pixels: [UInt8]

    /// Samples of `low` and below become 0, those of `high` and above 255, what lies between is spread evenly and rounded.
    /// - Parameter depth: bits of a sample, 8 or 16; `low` and `high` are samples of that depth.
    public init(depth: Int, low: Int, high: Int) {
        precondition(depth == 8 || depth == 16, "samples have one or two bytes")
        self.depth = depth
        let range = max(1, high - low)
        pixels = (0..<1 << depth).map { UInt8((max(0, min(range, $0 - low)) * 255 + range / 2) / range) }
    }

    /// The upper eight of the lowest `bits` bits; what needs more bits becomes 255.
    /// - Parameter bits: 1 to `depth`.
    public init(depth: Int, bits: Int) {
        precondition((depth == 8 || depth == 16) && bits > 0 && bits <= depth, "the bits are some of a sample's")
        self.depth = depth
        pixels = (0..<1 << depth).map { UInt8(min(255, ($0 << 8) >> bits)) }
    }
}
