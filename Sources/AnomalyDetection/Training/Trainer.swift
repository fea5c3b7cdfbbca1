import Foundation
import ImageTransforms
import Torch

/// Does a job's stages, a small piece of work at a time.
package struct Trainer {
    let state: TrainingState
    let images: ImageBatches
    /// Where a ``StageInput`` is made from.
    let stored: ImageBatches

    /// - Parameter stored: the training images as ``Model/storedSide(_:)`` wants them; by default the same.
    package init(state: TrainingState, images: ImageBatches, stored: ImageBatches? = nil) {
        self.state = state
        self.images = images
        self.stored = stored ?? images
    }

    /// What a piece of work ended.
    package enum Ended {
        case nothing
        case epoch
        case stage
    }

    /// Does the next piece of the stage under way: a step, a batch of a pass, a chunk of units. Must not be called once the state
    /// is trained.
    /// - Throws: ``TrainingError`` when the loss is not a number or a checkpoint does not fit the data.
    package func advance() throws -> Ended {
        let start = ContinuousClock.now
        defer { state.trainingSeconds += (ContinuousClock.now - start) / .seconds(1) }
        let ended = try state.inPrecision {
            switch state.stages[state.stage] {
            case .gradient(let stage): try advance(stage)
            case .fit(let stage): try advance(stage)
            case .iteration(let stage): try advance(stage)
            }
        }
        if case .stage = ended {
            state.finishedWork += state.course?.units ?? 0
            state.stage += 1
            state.course = nil
            state.optimisers = nil
            state.average = nil
            state.pipeline = nil
        }
        return ended
    }

    // MARK: Gradients

    private func advance(_ stage: GradientStage) throws -> Ended {
        var course = state.course ?? TrainingState.StageCourse()
        let optimisers = try state.optimisers ?? stage.makeOptimisers()
        state.optimisers = optimisers
        if let decay = stage.averageDecay, state.average == nil {
            state.average = try ExponentialMovingAverage(of: state.model.network, decay: decay)
        }
        if let schedule = stage.schedule {
            optimisers.setLearningRates(schedule.course.factor(at: schedule.unit == .steps ? course.steps : course.epochs))
        }
        var epoch = try course.epoch ?? .init(order: .randomPermutation(images.count, generator: state.generator))
        let batches = Self.batches(of: stage, count: images.count)
        guard batches.indices.contains(epoch.batchesDone), epoch.order.shape == [images.count], epoch.order.dataType == .int64,
            course.epochs < Self.epochs(of: stage, count: images.count)
        else {
            throw TrainingError(
                "the checkpoint's epoch does not fit \(images.count) images in batches of \(stage.batchSize); it is of no use")
        }
        let range = batches[epoch.batchesDone]
        let loss = try step(
            stage, optimisers: optimisers,
            batch: try batch(stage, order: epoch.order, range, epoch: course.epochs, index: epoch.batchesDone, of: batches))
        try epoch.losses.add(loss, images: range.count)
        try state.average?.update()
        epoch.batchesDone += 1
        course.steps += 1
        course.units += range.count
        let isOver = stage.length == .steps(course.steps)
        let isEpochDone = epoch.batchesDone == batches.count || isOver
        // Looking at the losses waits for the device; a training that has run away need not be found at once.
        if isEpochDone || epoch.losses.isAtHand || course.steps % Self.stepsBetweenLooks == 0 {
            let sum = try epoch.losses.value()
            guard sum.isFinite else {
                throw TrainingError(
                    "the loss became \(sum.isNaN ? "nan" : "infinite") in epoch \(course.epochs + 1), step \(course.steps); lower learning_rate",
                    kind: .divergence)
            }
        }
        if isEpochDone {
            try stage.epochEnded(optimisers, state.generator)
            state.losses.append(try epoch.losses.value() / Double(range.upperBound))
            course.epochs += 1
        }
        course.epoch = isEpochDone ? nil : epoch
        state.course = course
        guard isOver || stage.length == .epochs(course.epochs) else { return isEpochDone ? .epoch : .nothing }
        try state.average?.swap()
        return .stage
    }

    /// Steps on a GPU between two looks at the losses.
    private static let stepsBetweenLooks = 64

    /// One step of a stage; returns the batch's loss.
    package func step(_ stage: GradientStage, optimisers: Optimisers, batch: TrainingBatch) throws -> Tensor {
        state.model.network.train()
        return try stage.step(batch, optimisers, state.generator)
    }

    /// The batch of the images that `indices` (int64) names.
    package func batch(_ indices: Tensor, epoch: Int = 0, index: Int = 0, count: Int = 1) throws -> TrainingBatch {
        TrainingBatch(
            images: try images.batch(indices, normalisation: state.model.normalisation), epoch: epoch, index: index, count: count)
    }

    /// The images at `range` of an epoch's order, read or made.
    private func batch(
        _ stage: GradientStage, order: Tensor, _ range: Range<Int>, epoch: Int, index: Int, of batches: [Range<Int>]
    ) throws -> TrainingBatch {
        guard let input = stage.input else {
            let indices = try order.narrowed(axis: 0, start: range.lowerBound, length: range.count)
            return try batch(indices, epoch: epoch, index: index, count: batches.count)
        }
        var pipeline = try state.pipeline ?? (maker: maker(input, batchSize: stage.batchSize), epoch: -1, batch: 0)
        if pipeline.epoch != epoch || pipeline.batch != index {
            let whole = try order.narrowed(axis: 0, start: 0, length: batches[batches.count - 1].upperBound)
            try pipeline.maker.begin(epoch: epoch, order: whole.elements(Int64.self).map(Int.init), batch: index)
        }
        guard let made = try pipeline.maker.next() else { throw TrainingError("epoch \(epoch + 1) has no batch \(index + 1)") }
        (pipeline.epoch, pipeline.batch) = (epoch, index + 1)
        state.pipeline = pipeline
        let (images, labels, classes) = try images.batch(made, normalisation: state.model.normalisation)
        return TrainingBatch(images: images, labels: labels, classes: classes, epoch: epoch, index: index, count: batches.count)
    }

    private func maker(_ input: StageInput, batchSize: Int) throws -> InputPipeline {
        // Each stage has numbers of its own.
        let seed = UInt64(bitPattern: Int64(state.job.seed)) &+ UInt64(state.stage) &* 0x9E37_79B9_7F4A_7C15
        return try InputPipeline(
            source: stored.source,
            configuration: .init(
                size: ImageSize(side: input.side), batchSize: batchSize, transforms: input.transforms, views: input.views, seed: seed,
                threads: state.inputThreads))
    }

    /// Passes over `count` images that a stage makes, the last one perhaps in part.
    package static func epochs(of stage: GradientStage, count: Int) -> Int {
        switch stage.length {
        case .epochs(let epochs): return epochs
        case .steps(let steps):
            let batches = Self.batches(of: stage, count: count).count
            return (steps + batches - 1) / batches
        }
    }

    /// Units of a stage in all, over `count` training images.
    package static func units(of stage: Stage, count: Int) -> Int {
        switch stage {
        case .gradient(let stage):
            switch stage.length {
            case .epochs(let epochs): return epochs * (Self.batches(of: stage, count: count).last?.upperBound ?? 0)
            case .steps(let steps):
                let batches = batches(of: stage, count: count)
                let count = batches.last?.upperBound ?? 0
                let rest = steps % batches.count
                return steps / batches.count * count + (rest == 0 ? 0 : batches[rest - 1].upperBound)
            }
        case .fit: return count
        case .iteration(let stage): return stage.count
        }
    }

    /// The places of a stage's batches in an epoch's order. Input is made in batches of one size: there a last image by itself is left
    /// out, unless it has several views.
    package static func batches(of stage: GradientStage, count: Int) -> [Range<Int>] {
        guard let input = stage.input else { return batches(count: count, size: stage.batchSize) }
        let isLeftOut = count % stage.batchSize == 1 && count > 1 && input.views.count < 2
        let used = isLeftOut ? count - 1 : count
        return stride(from: 0, to: used, by: stage.batchSize).map { $0..<min($0 + stage.batchSize, used) }
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

    // MARK: Passes and iterations

    private func advance(_ stage: FitStage) throws -> Ended {
        try advance(
            count: images.count, chunk: stage.batchSize, begin: stage.begin, finish: stage.finish
        ) { range in
            let batch = try images.batch(start: range.lowerBound, count: range.count, normalisation: state.model.normalisation)
            try stage.observe(batch, range)
        }
    }

    private func advance(_ stage: IterationStage) throws -> Ended {
        try advance(count: stage.count, chunk: stage.chunk, begin: stage.begin, finish: stage.finish, work: stage.advance)
    }

    private func advance(
        count: Int, chunk: Int, begin: (Generator) throws -> Void, finish: () throws -> Void, work: (Range<Int>) throws -> Void
    ) throws -> Ended {
        var course = state.course ?? TrainingState.StageCourse()
        state.model.network.train(false)
        state.scorer.network?.train(false)
        guard course.units < count || count == 0 else {
            throw TrainingError("the checkpoint has \(course.units) of \(count) units of a stage done; it is of no use")
        }
        try Tensor.withoutGradients {
            if state.course == nil { try begin(state.stageGenerator()) }
            let range = course.units..<min(count, course.units + chunk)
            if !range.isEmpty { try work(range) }
            course.units = range.upperBound
            if course.units == count { try finish() }
        }
        state.course = course
        return course.units == count ? .stage : .nothing
    }
}
