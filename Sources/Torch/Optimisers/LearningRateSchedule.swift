import Foundation

/// How the learning rate goes on over a training, as a share of the one it begins with. It depends on the number of steps,
/// or epochs, done and on nothing else, so that no checkpoint needs to know of it:
/// `optimiser.learningRate = 1e-3 * schedule.factor(at: optimiser.steps)`.
public enum LearningRateSchedule: Sendable, Hashable {
    /// Always 1.
    case constant
    /// Multiplied by `factor` after every `length` steps: PyTorch's `StepLR`.
    case step(every: Int, factor: Double)
    /// From 1 down to `floor` along half a wave over `length` steps, and `floor` from then on (Loshchilov and Hutter, 2017):
    /// PyTorch's `CosineAnnealingLR`.
    case cosine(length: Int, floor: Double = 0)
    /// `warmUp` steps of 1 / warmUp, 2 / warmUp, … 1, then a cosine over the rest of `length`.
    case warmUpThenCosine(warmUp: Int, length: Int, floor: Double = 0)

    /// The share of the learning rate in step `step`, 0 being the first.
    public func factor(at step: Int) -> Double {
        switch self {
        case .constant: 1
        case .step(let length, let factor): power(factor, max(0, step) / max(1, length))
        case .cosine(let length, let floor):
            if max(0, step) >= length {
                floor
            } else {
                floor + (1 - floor) * (1 + cos(.pi * Double(max(0, step)) / Double(length))) / 2
            }
        case .warmUpThenCosine(let warmUp, let length, let floor):
            if step < warmUp {
                Double(max(0, step) + 1) / Double(warmUp)
            } else {
                LearningRateSchedule.cosine(length: length - warmUp, floor: floor).factor(at: step - warmUp)
            }
        }
    }
}
