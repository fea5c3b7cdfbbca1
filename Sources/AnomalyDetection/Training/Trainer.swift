import Foundation
import Torch

/// The one training loop: the study's protocol of shuffled batches, the last partial batch kept (specification 1.5).
package struct Trainer {
    let state: TrainingState
    let images: ImageBatches
    let batchSize: Int

    package init(state: TrainingState, images: ImageBatches, batchSize: Int) {
        self.state = state
        self.images = images
        self.batchSize = batchSize
    }

    /// The epochs of the whole training.
    var epochs: Int {
        switch state.method.length {
        case .epochs(let count): return count
        case .steps(let count):
            let batches = Trainer.batches(count: images.count, size: batchSize).count
            return (count + batches - 1) / batches
        }
    }

    /// Whether all epochs are done.
    var isFinished: Bool { state.epoch >= epochs }

    /// Does the next step of training, beginning an epoch if none is under way.
    /// - Returns: whether the step was the last of its epoch; the epoch's mean loss is then in the state.
    /// - Throws: ``TrainingError`` when the loss is not a number.
    package func advance() throws -> Bool {
        let start = ContinuousClock.now
        if state.epoch == 0, state.current == nil { try state.method.prepare(images) }
        var epoch = try state.current
            ?? .init(order: .randomPermutation(images.count, generator: state.generator))
        let batches = Trainer.batches(count: images.count, size: batchSize)
        guard batches.indices.contains(epoch.batchesDone), epoch.order.shape == [images.count], epoch.order.dataType == .int64 else {
            throw TrainingError("the checkpoint's epoch does not fit \(images.count) images in batches of \(batchSize); it is of no use")
        }
        let range = batches[epoch.batchesDone]
        let step = state.epoch * batches.count + epoch.batchesDone + 1
        state.method.network.train()
        let loss = try self.step(epoch.order.narrowed(axis: 0, start: range.lowerBound, length: range.count))
        guard loss.isFinite else {
            throw TrainingError(
                "the loss became \(loss) in epoch \(state.epoch + 1), step \(step); lower learning_rate",
                isDivergence: true)
        }
        epoch.batchesDone += 1
        epoch.lossSum += loss * Double(range.count)
        let isDone = epoch.batchesDone == batches.count || state.method.length == .steps(step)
        if isDone {
            try state.method.epochEnded(optimisers: state.optimisers, generator: state.generator)
            state.losses.append(epoch.lossSum / Double(range.upperBound))
        }
        state.current = isDone ? nil : epoch
        state.imagesTrained += range.count
        state.trainingSeconds += (ContinuousClock.now - start) / .seconds(1)
        return isDone
    }

    /// One step of the method on the images that `indices` names; returns the batch's loss.
    package func step(_ indices: Tensor) throws -> Double {
        let batch = TrainingBatch(
            images: try images.batch(indices, normalisation: state.method.normalisation), epoch: state.epoch,
            index: state.current?.batchesDone ?? 0, count: Trainer.batches(count: images.count, size: batchSize).count)
        return try state.method.step(batch, optimisers: state.optimisers, generator: state.generator)
    }

    /// The places of the batches in an epoch's order. A last batch of a single image, on which batch normalisation
    /// is undefined, joins the one before it.
    package static func batches(count: Int, size: Int) -> [Range<Int>] {
        var ranges = stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
        if ranges.count > 1, let last = ranges.last, last.count == 1 {
            ranges.removeLast()
            ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<last.upperBound
        }
        return ranges
    }
}
