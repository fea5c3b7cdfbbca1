/// The work of one stage of a training.
public struct StageCost: Sendable, Hashable {
    /// What ends the stage.
    public enum Length: Sendable, Hashable {
        /// Passes over the training images.
        case epochs(Int)
        /// Optimiser steps.
        case steps(Int)
        /// One pass without gradients.
        case pass
        /// So many units for each training image, e.g. the picks of a coreset that keeps a share of the patches; one at least, `limit`
        /// at most.
        case perImage(Double, limit: Int)
    }

    /// The stage's name, as the training core gives it.
    public let name: String
    public let length: Length
    /// Images of a batch.
    public let batchSize: Int
    /// Multiply-accumulates a unit: a training image, forward, backward and whatever else its step does (a backward pass counts
    /// twice a forward one), or a pick.
    public let perUnit: Double

    init(_ name: String, _ length: Length, batchSize: Int = 64, perUnit: Double) {
        self.name = name
        self.length = length
        self.batchSize = batchSize
        self.perUnit = perUnit
    }

    /// A stage of gradient steps whose length and batches are the options `epochs` and `batch_size`.
    static func training(_ sizes: NetworkSizes, perImage: Double) -> StageCost {
        StageCost(
            "training", .epochs(sizes[TrainingOptions.epochs]), batchSize: sizes[TrainingOptions.batchSize], perUnit: perImage)
    }

    /// Training images that the stage sees, repetitions counted, and its batches, of a set of `count` images.
    func course(over count: Int) -> (units: Double, steps: Double) {
        let (images, batch) = (Double(count), Double(max(1, batchSize)))
        let perEpoch = max(1, (images / batch).rounded(.up))
        switch length {
        case .epochs(let epochs): return (Double(epochs) * images, Double(epochs) * perEpoch)
        case .steps(let steps):
            // As many whole passes as fit, then a part of one; the last batch of a pass is smaller.
            let whole = (Double(steps) / perEpoch).rounded(.down)
            return (whole * images + min(images, (Double(steps) - whole * perEpoch) * batch), Double(steps))
        case .pass: return (images, perEpoch)
        case .perImage(let share, let limit):
            let units = min(Double(limit), max(1, (share * images).rounded(.down)))
            return (units, units)
        }
    }
}

/// What a method does for a job, stage by stage, in multiply-accumulates.
public struct MethodCost: Sendable, Hashable {
    /// The model's stages.
    public let stages: [StageCost]
    /// The scorer's own.
    public let scorerStages: [StageCost]
    /// Of scoring an image.
    public let scoringPerImage: Double
}

/// What a training process holds at its most, in numbers of 4 bytes.
struct MemoryDemand: Sendable, Hashable {
    /// Trained parameters: each has its gradient and two moments beside it.
    var parameters: Double
    /// Parameters that are not trained.
    var frozen = 0.0
    /// Activations of a training step that are kept for the way back, for all images of a batch.
    var activations: Double
    /// What is kept of the data set for as long as the job runs.
    var stored = 0.0

    /// What a process of the training core takes before it has done anything.
    private static let base = 300.0 * 1024 * 1024
    /// Kernels need room to work in: as much again as the activations of their layer and of its neighbours, measured to be about
    /// this share of all activations.
    private static let workspace = 1.4

    private var numbers: Double { 4 * parameters + frozen + Self.workspace * activations + stored }

    /// Bytes of main memory when it computes on the processor.
    var process: Int64 { Int64(Self.base + 4 * numbers) }
    /// Bytes of a GPU's memory, its context included.
    var device: Int64 { Int64(2 * Self.base + 4 * numbers) }
}
