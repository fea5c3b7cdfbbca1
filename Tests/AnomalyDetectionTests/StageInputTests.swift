import Catalogue
import Foundation
import ImageTransforms
import Testing

@testable import AnomalyDetection
@testable import Torch

/// A classifier of made anomalies, on crops of stored images that are larger than what it sees.
private final class Classifier: Model {
    final class Network: Module {
        let linear: Linear
        /// Means of labels, and classes, of all batches so far.
        let seen: Buffer
        init(generator: Generator) throws(TorchError) {
            linear = try Linear(256, 2, generator: generator)
            seen = Buffer(try .zeros([2]))
            super.init()
        }
    }

    let parts: Network
    private let isLabelled: Bool
    var network: Module { parts }

    init(_ settings: MethodSettings, context: ModelContext) throws {
        parts = try Network(generator: context.generator)
        isLabelled = try settings[TrainingOptions.epochs] == 3
    }

    static func storedSide(_ settings: MethodSettings) throws -> Int { 24 }

    var stages: [Stage] {
        get throws {
            let parts = parts
            let input = StageInput(
                transforms: try TransformSequence([.randomCrop(ImageSize(side: 16)), .horizontalFlip(probability: 0.5)]),
                views: isLabelled ? [Unchanged(), CutPaste()] : [], side: 16)
            return [
                .gradient(
                    GradientStage(
                        length: .epochs(3), batchSize: 4, input: input,
                        optimisers: { try Optimisers(SGD(parts.network, learningRate: 0.1, momentum: 0.9)) }
                    ) { batch, optimisers, _ in
                        let size = batch.images.shape[0]
                        if self.isLabelled {
                            #expect(batch.labels?.shape == [size, 1, 16, 16] && batch.classes?.shape == [size])
                            #expect(try batch.classes?.elements(Int64.self) == (0..<size).map { Int64(2 * $0 / size) })
                            let sums = try [batch.labels!.mean(), batch.classes!.to(.float).mean()]
                            try parts.seen.tensor.accumulate(.concatenated(sums.map { try $0.reshaped([1]) }))
                        } else {
                            #expect(batch.labels == nil && batch.classes == nil)
                        }
                        let loss = try parts.linear(batch.images.flattened()).squared().mean()
                        try optimisers.only.step(minimising: loss)
                        return try loss.detached()
                    })
            ]
        }
    }
}

extension Classifier.Network {
    fileprivate var network: [(name: String, tensor: Tensor)] { trainableParameters }
}

private final class NormScorer: Scorer {
    let model: Classifier
    init(_ model: Classifier) { self.model = model }
    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        AnomalyScores(scores: try model.parts.linear(images.flattened()).squared().sum(axes: [1]))
    }
}

/// Input that is made: the same for any number of threads and wherever a job goes on.
@Suite struct StageInputTests {
    private static let method = AnomalyDetection.Method(.ae, small: [:], model: Classifier.self) { model, _, _ in NormScorer(model) }

    private static func images(_ count: Int, side: Int) throws -> ImageBatches {
        try ImageBatches(Tensor((0..<count * side * side).map { UInt8(($0 * $0 / 3) % 251) }, shape: [count, 1, side, side]))
    }

    private func state(threads: Int, epochs: Int = 3, count: Int) throws -> (TrainingState, Trainer) {
        let state = try TrainingState(
            SmallJobs.job("ae", ["epochs": .integer(epochs)]), method: Self.method, data: DataShape(count: count, channels: 1, side: 16))
        state.inputThreads = threads
        return (state, Trainer(state: state, images: try Self.images(count, side: 16), stored: try Self.images(count, side: 24)))
    }

    @Test(arguments: [1, 2, 4]) func threadsAndResumingChangeNothing(_ threads: Int) throws {
        let (whole, trainer) = try state(threads: 1, count: 11)
        var steps = 0
        while !whole.isTrained {
            _ = try trainer.advance()
            steps += 1
        }
        #expect(steps == 9 && whole.work == 33 && whole.losses.count == 3)
        let seen = try #require(whole.model as? Classifier).parts.seen.tensor.elements(Double.self)
        #expect(seen[0] > 0 && seen[1] == 4.5)
        for stop in 1..<9 {
            let (first, before) = try state(threads: threads, count: 11)
            for _ in 0..<stop { _ = try before.advance() }
            let (second, after) = try state(threads: 5 - threads, count: 11)
            try second.restore(first.checkpoint(), name: "checkpoint")
            while !second.isTrained { _ = try after.advance() }
            #expect(try SmallJobs.bits(second) == SmallJobs.bits(whole), "stopped after \(stop) steps")
            #expect(second.losses.map(\.bitPattern) == whole.losses.map(\.bitPattern))
        }
    }

    /// A last image by itself is left out where there is one view of it only.
    @Test func lastImageByItself() throws {
        for (epochs, steps, work) in [(3, 9, 27), (2, 6, 24)] {
            let (state, trainer) = try state(threads: 2, epochs: epochs, count: 9)
            var count = 0
            while !state.isTrained {
                _ = try trainer.advance()
                count += 1
            }
            #expect(count == steps && state.work == work)
        }
    }
}
