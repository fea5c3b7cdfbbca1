/// Decoded images as bytes `[N, C, H, W]`: a read-only mapping of a cache file, so that all processes that use it share
/// the memory.
public struct PixelBlock: Sendable {
    /// N: number of images.
    public let count: Int
    /// C: 1 for grey and masks, 3 for RGB.
    public let channels: Int
    /// H: rows.
    public let height: Int
    /// W: pixels in a row.
    public let width: Int
    private let mapping: Mapping

    init(mapping: Mapping, count: Int, channels: Int, size: Int) {
        self.mapping = mapping
        self.count = count
        self.channels = channels
        height = size
        width = size
    }

    /// Calls `body` with the bytes, image after image and plane after plane. They stay where they are as long as the block lives.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(rebasing: mapping.bytes.dropFirst(PixelCache.headerSize)))
    }
}
