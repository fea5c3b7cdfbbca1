import Imaging

/// An 8-bit image whose memory is used again by the next image: what the transforms and syntheses of one thread work on.
///
/// The pixels are planes, `[C, H, W]`, 0...255. An operation that moves pixels writes to a second page and swaps the two,
/// so that in a steady state nothing is allocated. Not to be shared by threads.
public final class ImageBuffer {
    /// Width and height in pixels.
    public private(set) var size = ImageSize(width: 0, height: 0)
    /// 1: grey, 3: RGB.
    public private(set) var channels = 1
    private var front = Page()
    private var back = Page()
    private var notes = Page()
    /// Kept between resizings for their memory.
    var tapsAcross = ResamplingTaps()
    var tapsDown = ResamplingTaps()
    /// A buffer for a part of the image, made when it is first asked for and then kept.
    public private(set) lazy var part = ImageBuffer()

    /// An empty image.
    public init() {}

    /// A copy of an image.
    public convenience init(_ image: Image) {
        self.init()
        load(image)
    }

    /// Pixels in a row.
    public var width: Int { size.width }
    /// Number of rows.
    public var height: Int { size.height }

    /// The planes `[C, H, W]`. They stay where they are until the next operation on the buffer.
    public var planes: UnsafeMutableBufferPointer<UInt8> {
        UnsafeMutableBufferPointer(start: front.bytes, count: size.pixels * channels)
    }

    /// One plane `[H, W]`, for as long as ``planes``.
    public func plane(_ channel: Int) -> UnsafeMutableBufferPointer<UInt8> {
        UnsafeMutableBufferPointer(rebasing: planes[channel * size.pixels..<(channel + 1) * size.pixels])
    }

    /// Takes over an image's pixels.
    public func load(_ image: Image) {
        reset(size: ImageSize(width: image.width, height: image.height), channels: image.channels)
        let (target, count, channels) = (front.bytes, size.pixels, channels)
        image.pixels.withUnsafeBufferPointer { source in
            for channel in 0..<channels {
                let plane = target + channel * count
                for pixel in 0..<count { plane[pixel] = source[pixel * channels + channel] }
            }
        }
    }

    /// Takes over the planes `[C, H, W]` of an image.
    public func load(planes: UnsafeRawBufferPointer, size: ImageSize, channels: Int) {
        precondition(planes.count == size.pixels * channels, "the bytes fill the image")
        reset(size: size, channels: channels)
        self.planes.withMemoryRebound(to: UInt8.self) { UnsafeMutableRawBufferPointer($0).copyMemory(from: planes) }
    }

    /// Takes over another buffer's image.
    public func copy(_ other: ImageBuffer) {
        load(planes: UnsafeRawBufferPointer(other.planes), size: other.size, channels: other.channels)
    }

    /// Takes over the part of another buffer's image whose upper left corner is at (`x`, `y`). The part is inside.
    public func copy(_ other: ImageBuffer, x: Int, y: Int, size: ImageSize) {
        precondition(x >= 0 && y >= 0 && x + size.width <= other.width && y + size.height <= other.height, "the part is inside")
        reset(size: size, channels: other.channels)
        for channel in 0..<channels {
            let source = other.front.bytes + channel * other.size.pixels + y * other.width + x
            let target = front.bytes + channel * size.pixels
            for row in 0..<size.height {
                (target + row * size.width).update(from: source + row * other.width, count: size.width)
            }
        }
    }

    /// Writes another image over this one, its upper left corner at (`x`, `y`). It has as many channels and lies inside.
    public func paste(_ other: ImageBuffer, x: Int, y: Int) {
        precondition(x >= 0 && y >= 0 && x + other.width <= width && y + other.height <= height, "the image is inside")
        precondition(other.channels == channels, "both have as many channels")
        for channel in 0..<channels {
            let source = other.front.bytes + channel * other.size.pixels
            let target = front.bytes + channel * size.pixels + y * width + x
            for row in 0..<other.height {
                (target + row * width).update(from: source + row * other.width, count: other.width)
            }
        }
    }

    /// A copy of the image with its channels interleaved.
    public var image: Image {
        let (count, channels) = (size.pixels, channels)
        let pixels = [UInt8](unsafeUninitializedCapacity: count * channels) { target, filled in
            for channel in 0..<channels {
                let plane = front.bytes + channel * count
                for pixel in 0..<count { target[pixel * channels + channel] = plane[pixel] }
            }
            filled = count * channels
        }
        return Image(width: width, height: height, channels: channels, pixels: pixels)
    }

    private func reset(size: ImageSize, channels: Int) {
        precondition(size.width > 0 && size.height > 0, "an image has pixels")
        precondition(channels == 1 || channels == 3, "an image is grey or RGB")
        front.reserve(size.pixels * channels)
        self.size = size
        self.channels = channels
    }

    /// Makes a new image of `size` from the present one; `body` gets the present planes and room for the new ones, whose
    /// content is arbitrary at first.
    @inline(__always)
    func replace(size: ImageSize, _ body: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void) {
        back.reserve(size.pixels * channels)
        body(front.bytes, back.bytes)
        swap(&front, &back)
        self.size = size
    }

    /// Room for `count` values of a plain type, arbitrary at first and until the next call.
    func notes<Value: BitwiseCopyable>(_ type: Value.Type, count: Int) -> UnsafeMutablePointer<Value> {
        notes.reserve(count * MemoryLayout<Value>.stride)
        return UnsafeMutableRawPointer(notes.bytes).bindMemory(to: type, capacity: count)
    }
}

/// Memory that only grows.
private final class Page {
    private(set) var bytes = Page.allocate(0)
    private var capacity = 0

    func reserve(_ count: Int) {
        guard count > capacity else { return }
        bytes.deallocate()
        bytes = Page.allocate(count)
        capacity = count
    }

    private static func allocate(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        // As long as a cache line, which every vector's alignment divides.
        let size = max(64, count)
        return UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64).bindMemory(to: UInt8.self, capacity: size)
    }

    deinit { bytes.deallocate() }
}
