/// A batch of the input pipeline. Its memory belongs to the pipeline and holds the batch until the pipeline's next
/// ``InputPipeline/next()`` or ``InputPipeline/begin(epoch:order:batch:)``; after that another batch may be written there.
public final class InputBatch: @unchecked Sendable {
    // Every image of a batch is written by one thread only, to a place of its own; the pipeline's lock lies between the
    // last of them and whoever reads the batch.

    /// Number of the batch in its epoch.
    public internal(set) var number = 0
    /// Where its images are in the order of the epoch.
    public internal(set) var positions = 0..<0
    /// C: 1 for grey, 3 for RGB.
    public let channels: Int
    /// Width and height of every image.
    public let size: ImageSize
    /// V: how many views there are of each image.
    public let views: Int
    private let pixelMemory: UnsafeMutableBufferPointer<UInt8>
    private let labelMemory: UnsafeMutableBufferPointer<Float>
    private let classMemory: UnsafeMutableBufferPointer<Int64>

    init(capacity: Int, views: Int, labelled: Bool, channels: Int, size: ImageSize) {
        self.channels = channels
        self.size = size
        self.views = views
        let images = capacity * views
        pixelMemory = .allocate(capacity: images * channels * size.pixels)
        pixelMemory.initialize(repeating: 0)
        labelMemory = .allocate(capacity: labelled ? images * size.pixels : 0)
        labelMemory.initialize(repeating: 0)
        classMemory = .allocate(capacity: labelled ? images : 0)
        classMemory.initialize(repeating: 0)
    }

    deinit {
        pixelMemory.deallocate()
        labelMemory.deallocate()
        classMemory.deallocate()
    }

    /// V·N: number of images in ``pixels``.
    public var count: Int { views * positions.count }

    /// `[V·N, C, H, W]`, 0...255: the first view of all images, then the second of all, and so on.
    public var pixels: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: pixelMemory[0..<count * channels * size.pixels])
    }

    /// `[V·N, H, W]`, how abnormal each pixel is, 0...1; `nil` for a pipeline without syntheses.
    public var labels: UnsafeBufferPointer<Float>? {
        labelMemory.isEmpty ? nil : UnsafeBufferPointer(rebasing: labelMemory[0..<count * size.pixels])
    }

    /// `[V·N]`, 0 for normal; `nil` for a pipeline without syntheses.
    public var classes: UnsafeBufferPointer<Int64>? {
        classMemory.isEmpty ? nil : UnsafeBufferPointer(rebasing: classMemory[0..<count])
    }

    /// The places of one view of one image, `item` counted within the batch.
    func place(view: Int, item: Int) -> (
        pixels: UnsafeMutableBufferPointer<UInt8>, labels: UnsafeMutableBufferPointer<Float>, class: UnsafeMutablePointer<Int64>?
    ) {
        let index = view * positions.count + item
        let length = channels * size.pixels
        let pixels = UnsafeMutableBufferPointer(rebasing: pixelMemory[index * length..<(index + 1) * length])
        guard !classMemory.isEmpty else { return (pixels, UnsafeMutableBufferPointer(start: nil, count: 0), nil) }
        let labels = UnsafeMutableBufferPointer(rebasing: labelMemory[index * size.pixels..<(index + 1) * size.pixels])
        return (pixels, labels, classMemory.baseAddress! + index)
    }
}
