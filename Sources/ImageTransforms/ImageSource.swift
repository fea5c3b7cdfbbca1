import Imaging

/// Where the input pipeline takes stored images from. It is asked by several threads at once.
public protocol ImageSource: Sendable {
    /// Number of images.
    var count: Int { get }
    /// 1: grey, 3: RGB; the same for all images.
    var channels: Int { get }
    /// Puts the image at `index`, 0..<`count`, into `buffer`. Sizes may differ from image to image.
    func load(_ index: Int, into buffer: ImageBuffer) throws
}

/// Images of one size that lie one after the other in memory that somebody else holds, such as a mapped file.
public struct StoredPlanes: ImageSource {
    public let count: Int
    public let channels: Int
    /// Of every image.
    public let size: ImageSize
    private let bytes: @Sendable (_ body: (UnsafeRawBufferPointer) -> Void) -> Void

    /// - Parameter bytes: calls its argument with all images, `[N, C, H, W]`, 0...255. They do not change as long as the
    ///   source is used.
    public init(
        count: Int, channels: Int, size: ImageSize, bytes: @escaping @Sendable (_ body: (UnsafeRawBufferPointer) -> Void) -> Void
    ) {
        self.count = count
        self.channels = channels
        self.size = size
        self.bytes = bytes
    }

    public func load(_ index: Int, into buffer: ImageBuffer) {
        let length = size.pixels * channels
        bytes { all in
            buffer.load(
                planes: UnsafeRawBufferPointer(rebasing: all[index * length..<(index + 1) * length]), size: size, channels: channels)
        }
    }
}

/// Images that are decoded already, of whatever sizes.
public struct DecodedImages: ImageSource {
    private let images: [Image]
    public let channels: Int

    /// - Throws: ``TransformError`` when there are none, or grey and RGB ones together.
    public init(_ images: [Image]) throws(TransformError) {
        guard let first = images.first else { throw TransformError("there are no images") }
        guard images.allSatisfy({ $0.channels == first.channels }) else {
            throw TransformError("some of the images are grey and some RGB; make all of them one or the other")
        }
        self.images = images
        channels = first.channels
    }

    public var count: Int { images.count }

    public func load(_ index: Int, into buffer: ImageBuffer) { buffer.load(images[index]) }
}
