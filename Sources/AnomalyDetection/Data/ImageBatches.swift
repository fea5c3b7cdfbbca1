import Datasets
import ImageTransforms
import Torch

/// The decoded images of one split as one byte tensor `[N, C, S, S]`, from which batches are drawn. The bytes are a
/// shared mapping of the cache file, so that all jobs on a data set use the same memory.
public final class ImageBatches {
    private let bytes: Tensor
    private let device: Device
    /// Where an input pipeline reads the images.
    let source: StoredPlanes

    /// Wraps the block's memory; for another device than the CPU the images are copied there once.
    public init(_ block: PixelBlock, device: Device = .cpu) throws {
        let owner = BlockOwner(block)
        let shape = [block.count, block.channels, block.height, block.width]
        let wrapped = try block.withUnsafeBytes { bytes in
            try Tensor(wrapping: bytes.baseAddress!, shape: shape, type: .byte, owner: owner)
        }
        bytes = try wrapped.to(device)
        self.device = device
        source = StoredPlanes(
            count: block.count, channels: block.channels, size: ImageSize(width: block.width, height: block.height)
        ) { body in block.withUnsafeBytes(body) }
    }

    /// Images in bytes `[N, C, S, S]`.
    /// - Throws: `TorchError` when they cannot be read.
    public init(_ bytes: Tensor) throws(TorchError) {
        self.bytes = bytes
        device = bytes.device
        let (shape, copy) = (bytes.shape, try bytes.to(.cpu).elements(UInt8.self))
        source = StoredPlanes(
            count: shape[0], channels: shape[1], size: ImageSize(width: shape[3], height: shape[2])
        ) { body in copy.withUnsafeBytes(body) }
    }

    /// Number of images.
    public var count: Int { bytes.shape[0] }

    /// Pixels of an image, S · S.
    var pixels: Int { bytes.shape[2] * bytes.shape[3] }

    /// The bytes of the images of `range`, `[N, C, S, S]`.
    func bytes(_ range: Range<Int>) throws(TorchError) -> Tensor {
        try bytes.narrowed(axis: 0, start: range.lowerBound, length: range.count)
    }

    /// A batch that an input pipeline has made, whose memory the pipeline uses again: as floats, with labels and classes where there
    /// are any.
    func batch(
        _ made: InputBatch, normalisation: ImageNormalisation
    ) throws(TorchError) -> (images: Tensor, labels: Tensor?, classes: Tensor?) {
        let (count, width, height) = (made.count, made.size.width, made.size.height)
        let pixels = try Tensor(Array(made.pixels), shape: [count, made.channels, height, width]).to(device)
        let labels = try made.labels.map { labels throws(TorchError) in
            try Tensor(Array(labels), shape: [count, 1, height, width]).to(device)
        }
        let classes = try made.classes.map { classes throws(TorchError) in try Tensor(Array(classes)).to(device) }
        return (try normalisation(pixels), labels, classes)
    }

    /// The images that `indices` (int64) names, as floats.
    public func batch(_ indices: Tensor, normalisation: ImageNormalisation = .symmetric) throws(TorchError) -> Tensor {
        try normalisation(bytes.selecting(indices.to(device)))
    }

    /// `count` images from `start` on, as floats.
    public func batch(
        start: Int, count: Int, normalisation: ImageNormalisation = .symmetric
    ) throws(TorchError) -> Tensor {
        try normalisation(bytes(start..<start + count))
    }
}

/// Keeps a block's mapping alive for as long as a tensor uses it.
private final class BlockOwner {
    let block: PixelBlock
    init(_ block: PixelBlock) { self.block = block }
}
