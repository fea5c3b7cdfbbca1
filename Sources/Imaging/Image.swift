/// An 8-bit image, grey or RGB.
public struct Image: Sendable, Equatable {
    /// Pixels in a row.
    public let width: Int
    /// Number of rows.
    public let height: Int
    /// 1: grey, 3: RGB.
    public let channels: Int
    /// Row by row from the top, channels interleaved: `[H, W, C]`, 0...255.
    public let pixels: [UInt8]

    /// An image of given pixels, `width * height * channels` of them.
    public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(pixels.count == width * height * channels, "the pixels fill the image")
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// The luma of the image as Pillow computes it: (19595 R + 38470 G + 7471 B + 32768) >> 16.
    public func grey() -> Image {
        guard channels == 3 else { return self }
        let grey = [UInt8](unsafeUninitializedCapacity: width * height) { target, count in
            pixels.withUnsafeBufferPointer { source in
                for index in 0..<width * height {
                    let red = 19595 * UInt32(source[3 * index])
                    let green = 38470 * UInt32(source[3 * index + 1])
                    let blue = 7471 * UInt32(source[3 * index + 2])
                    target[index] = UInt8((red + green + blue + 32768) >> 16)
                }
            }
            count = width * height
        }
        return Image(width: width, height: height, channels: 1, pixels: grey)
    }

    /// The image with three channels; grey is repeated.
    public func rgb() -> Image {
        guard channels == 1 else { return self }
        return Image(width: width, height: height, channels: 3, pixels: pixels.flatMap { [$0, $0, $0] })
    }

    /// The part of `width` × `height` pixels whose upper left corner is at (`x`, `y`).
    public func cropped(x: Int, y: Int, width: Int, height: Int) -> Image {
        precondition(x >= 0 && y >= 0 && x + width <= self.width && y + height <= self.height, "the part is inside")
        var part: [UInt8] = []
        part.reserveCapacity(width * height * channels)
        for row in y..<y + height {
            let start = (row * self.width + x) * channels
            part += pixels[start..<start + width * channels]
        }
        return Image(width: width, height: height, channels: channels, pixels: part)
    }
}
