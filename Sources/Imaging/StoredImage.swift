/// An image as its file stores it: samples of eight or sixteen bits, grey or RGB.
public struct StoredImage: Sendable {
    /// Bits of a sample: 8 or 16.
    public let depth: Int
    private let width: Int
    private let height: Int
    private let channels: Int
    /// Row by row from the top, channels interleaved; of sixteen bits the upper byte first.
    private let bytes: [UInt8]
    /// The EXIF orientation that is followed; 1: as stored.
    private let turn: Int

    init(width: Int, height: Int, channels: Int, depth: Int, bytes: [UInt8], turn: Int) {
        (self.width, self.height, self.channels, self.depth) = (width, height, channels, depth)
        (self.bytes, self.turn) = (bytes, turn)
    }

    /// The image by the study's rule: of sixteen bits the upper eight, as Pillow does for colour; for grey its conversion clips at 255
    /// instead, which would turn nearly all of a radiograph white and is not followed. Stretching each image to its own range would make
    /// the same tissue look different from image to image, and is not done.
    public func image() -> Image {
        depth == 8 ? image(bytes) : image(stride(from: 0, to: bytes.count, by: 2).map { bytes[$0] })
    }

    /// The image by a table; `nil` when the table is for another depth.
    public func image(_ table: IntensityTable) -> Image? {
        guard table.depth == depth else { return nil }
        if depth == 8 { return image(bytes.map { table.pixels[Int($0)] }) }
        return image(stride(from: 0, to: bytes.count, by: 2).map { table.pixels[Int(bytes[$0]) << 8 | Int(bytes[$0 + 1])] })
    }

    /// The image as a mask: grey, 255 where a sample is above the threshold and else 0. Samples are compared as they are stored, so that
    /// a mask of ones in sixteen bits is not lost; colour is taken for grey of eight bits before, values above 255 for 255.
    public func marks(above threshold: Int) -> Image {
        let grey = greyMask
        guard grey.depth == 16 else { return image(grey.bytes.map { Int($0) > threshold ? 255 : 0 }, channels: 1) }
        return image(
            stride(from: 0, to: grey.bytes.count, by: 2).map { Int(grey.bytes[$0]) << 8 | Int(grey.bytes[$0 + 1]) > threshold ? 255 : 0 },
            channels: 1)
    }

    /// How often each sample occurs, those of all channels together.
    public var histogram: SampleHistogram { SampleHistogram(depth: depth, bytes: bytes) }

    /// How often each value occurs that ``marks(above:)`` compares.
    public var maskHistogram: SampleHistogram { SampleHistogram(depth: greyMask.depth, bytes: greyMask.bytes) }

    private var greyMask: (depth: Int, bytes: [UInt8]) {
        guard channels == 3 else { return (depth, bytes) }
        let clipped = depth == 8 ? bytes : stride(from: 0, to: bytes.count, by: 2).map { bytes[$0] > 0 ? 255 : bytes[$0 + 1] }
        return (8, Image(width: width, height: height, channels: 3, pixels: clipped).grey().pixels)
    }

    private func image(_ pixels: [UInt8], channels: Int? = nil) -> Image {
        Image(width: width, height: height, channels: channels ?? self.channels, pixels: pixels).turned(byExif: turn)
    }
}
