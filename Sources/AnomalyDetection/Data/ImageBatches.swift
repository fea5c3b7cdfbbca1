import Datasets
import Torch

/// The decoded images of one split as one byte tensor `[N, C, S, S]`, from which batches are drawn. The bytes are a
/// shared mapping of the cache file, so that all jobs on a data set use the same memory.
public final class ImageBatches {
    private let bytes: Tensor
    private let device: Device

    /// Wraps the block's memory; for another device than the CPU the images are copied there once.
    public init(_ block: PixelBlock, device: Device = .cpu) throws {
        let owner = BlockOwner(block)
        let shape = [block.count, block.channels, block.height, block.width]
        let wrapped = try block.withUnsafeBytes { bytes in
            try Tensor(wrapping: bytes.baseAddress!, shape: shape, type: .byte, owner: owner)
        }
        bytes = try wrapped.to(device)
        self.device = device
    }

    /// Images in bytes `[N, C, S, S]`.
    public init(_ bytes: Tensor) {
        self.bytes = bytes
        device = bytes.device
    }

    /// Number of images.
    public var count: Int { bytes.shape[0] }

    /// Pixels of an image, S · S.
    var pixels: Int { bytes.shape[2] * bytes.shape[3] }

    /// The images that `indices` (int64) names, as floats.
    public func batch(_ indices: Tensor, normalisation: ImageNormalisation = .symmetric) throws(TorchError) -> Tensor {
        try normalisation(bytes.selecting(indices.to(device)))
    }

    /// `count` images from `start` on, as floats.
    public func batch(
        start: Int, count: Int, normalisation: ImageNormalisation = .symmetric
    ) throws(TorchError) -> Tensor {
        try normalisation(bytes.narrowed(axis: 0, start: start, length: count))
    }
}

/// Keeps a block's mapping alive for as long as a tensor uses it.
private final class BlockOwner {
    let block: PixelBlock
    init(_ block: PixelBlock) { self.block = block }
}
