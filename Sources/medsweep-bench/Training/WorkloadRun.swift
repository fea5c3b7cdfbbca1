import AnomalyDetection
import Foundation
import Torch

/// Trains and scores a ``Workload`` in this process, on random images.
struct WorkloadRun {
    private let workload: Workload
    private let device: Device
    private let shape: DataShape

    init(_ workload: Workload) throws {
        self.workload = workload
        LibTorch.threads = workload.threads
        device = try Device(workload.device)
        LibTorch.configure()
        shape = DataShape(
            count: workload.images, channels: try MethodSettings(workload.options).channels, side: workload.inputSize)
    }

    func measure() throws -> Measurement {
        let train = try random(workload.images)
        var (state, trainer) = try begin(train)
        let training: Double
        let firstStep: Double
        if state.stages.contains(where: \.isGradient) {
            // What is fitted before the first step has no counterpart.
            while !state.stages[state.stage].isGradient { _ = try trainer.advance() }
            _ = try trainer.advance()
            firstStep = Date.now.timeIntervalSince1970
            training = try rate {
                _ = try trainer.advance()
                return workload.batchSize
            }
        } else {
            _ = try trainer.advance()
            firstStep = Date.now.timeIntervalSince1970
            (state, trainer) = try begin(train)
            let seconds = try MonotonicClock.seconds {
                while !state.isTrained { _ = try trainer.advance() }
            }
            training = Double(workload.images) / seconds
        }
        let batch = state.scorer.batchSize
        _ = try score(state, count: batch)
        let guess = Double(batch) / (try score(state, count: batch))
        // Whole batches, as many as the least time takes.
        let count = min(max(1, Int((guess * workload.seconds / Double(batch)).rounded(.up))), 32) * batch
        let scoring = Double(count) / (try score(state, count: count))
        return Measurement(
            training: training, scoring: scoring, firstStep: firstStep, memory: try ProcessStatus(getpid()).peakMemory,
            scoringBatchSize: batch)
    }

    /// The losses of the first epochs, which are those of steps where there are no more images than a batch has. Of a method without
    /// losses, the scores of a few images.
    func losses(epochs: Int) throws -> [Double] {
        let (state, trainer) = try begin(random(workload.images))
        while state.losses.count < epochs, !state.isTrained { _ = try trainer.advance() }
        return try state.losses.isEmpty ? Scoring(state, images: random(8), keepsMaps: false).all().scores : state.losses
    }

    private func begin(_ images: ImageBatches) throws -> (TrainingState, Trainer) {
        let state = try TrainingState(workload.job, data: shape, device: device)
        return (state, Trainer(state: state, images: images))
    }

    private func random(_ count: Int) throws -> ImageBatches {
        let pixels = try Tensor.zeros([count, shape.channels, shape.side, shape.side])
        try pixels.fillUniform(0...255, generator: Generator(seed: 1))
        return try ImageBatches(pixels.to(.byte).to(device))
    }

    /// The seconds that it takes to score `count` images.
    private func score(_ state: TrainingState, count: Int) throws -> Double {
        let images = try random(count)
        return try MonotonicClock.seconds { _ = try Scoring(state, images: images, keepsMaps: false).all() }
    }

    /// Images a second of `work`, which returns how many it did, over the workload's time.
    private func rate(_ work: () throws -> Int) rethrows -> Double {
        let start = MonotonicClock.seconds
        var images = 0
        while true {
            images += try work()
            let elapsed = MonotonicClock.seconds - start
            if elapsed >= workload.seconds { return Double(images) / elapsed }
        }
    }
}

extension Stage {
    fileprivate var isGradient: Bool { if case .gradient = self { true } else { false } }
}
