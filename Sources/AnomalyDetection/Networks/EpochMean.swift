import Torch

/// The mean of a number over an epoch's images, kept in a buffer so that checkpoints have it.
final class EpochMean: Module {
    /// Sum over the images, and their number.
    let sums: Buffer

    init(_ sums: Tensor) { self.sums = Buffer(sums) }

    static func zero() throws(TorchError) -> EpochMean { EpochMean(try .zeros([2], type: .double)) }

    /// Adds a batch of `images` images whose mean is `value`, a scalar, without waiting for its value.
    func add(_ value: Tensor, images: Int) throws(TorchError) {
        let tensor = sums.tensor
        try tensor.narrowed(axis: 0, start: 0, length: 1).accumulate(value.detached().to(.double).reshaped([1]) * Double(images))
        try tensor.narrowed(axis: 0, start: 1, length: 1).accumulate(Tensor.full([1], Double(images), device: tensor.device).to(.double))
    }

    /// The mean, after which counting begins anew.
    func take() throws(TorchError) -> Double {
        let values = try sums.tensor.elements(Double.self)
        try sums.tensor.fill(0)
        return values[0] / values[1]
    }
}
