import Torch

/// The sum of the losses of an epoch's images so far. On a GPU it is kept there, so that a step waits for nothing; either way the same
/// numbers are added in the same order.
final class LossSum {
    private var total: Double
    private var onDevice: Tensor?

    init(_ total: Double = 0) { self.total = total }

    /// Adds a batch of `images` images whose mean loss is `loss`, a scalar.
    func add(_ loss: Tensor, images: Int) throws {
        if loss.device.isCPU {
            total += try loss.item() * Double(images)
        } else {
            let sum = try onDevice ?? Tensor.full([], total, type: .double, device: loss.device)
            try sum.accumulate(loss.detached().to(.double).reshaped([]) * Double(images))
            onDevice = sum
        }
    }

    /// The sum; on a GPU all steps so far are waited for.
    func value() throws -> Double {
        if let onDevice { total = try onDevice.item() }
        return total
    }

    /// Whether ``value()`` costs nothing.
    var isAtHand: Bool { onDevice == nil }
}
