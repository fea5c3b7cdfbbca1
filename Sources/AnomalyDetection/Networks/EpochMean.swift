import Torch

/// The mean of a number over an epoch's images, kept in a buffer so that checkpoints have it.
final class EpochMean: Module {
    /// Sum over the images, and their number.
    let sums: Buffer

    init(_ sums: Tensor) { self.sums = Buffer(sums) }

    static func zero() throws(TorchError) -> EpochMean { EpochMean(try .zeros([2], type: .double)) }

    /// Adds a batch of `images` images whose mean is `value`.
    func add(_ value: Double, images: Int) throws(TorchError) {
        try sums.tensor.accumulate(Tensor([value * Double(images), Double(images)]))
    }

    /// The mean, after which counting begins anew.
    func take() throws(TorchError) -> Double {
        let values = try sums.tensor.elements(Double.self)
        try sums.tensor.fill(0)
        return values[0] / values[1]
    }
}
