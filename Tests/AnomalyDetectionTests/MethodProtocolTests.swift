import Catalogue
import Foundation
import Testing

@testable import AnomalyDetection
@testable import Torch

/// Everything that a method may ask of the training loop, asked by one: two optimisers, frozen weights, a sum that is
/// kept over an epoch, noise, and a length in steps.
private final class Demanding: AnomalyDetection.Method {
    static let name = "demanding"

    final class Network: Module {
        let first: Linear
        let second: Linear
        let frozen: Linear
        /// How often and with how many images this epoch has been stepped; then the number of epochs.
        let sums: Buffer

        init(generator: Generator) throws {
            first = try Linear(256, 2, generator: generator)
            second = try Linear(2, 256, generator: generator)
            frozen = try Linear(256, 3, generator: generator)
            sums = Buffer(try .zeros([3]))
            super.init()
            try frozen.freeze()
        }
    }

    let parts: Network
    var network: Module { parts }
    let length = TrainingLength.steps(7)
    let scoringBatchSize = 4
    let scoresByGradients = true

    init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        parts = try Network(generator: generator)
    }

    func makeOptimisers(learningRate: Double) throws -> Optimisers {
        Optimisers([
            ("first", try Adam(parts.first.trainableParameters, learningRate: learningRate)),
            ("second", try Adam(parts.second.trainableParameters, learningRate: learningRate)),
        ])
    }

    private func loss(_ images: Tensor) throws -> Tensor {
        let output = try parts.second(parts.first(images))
        return try (parts.frozen(output) - parts.frozen(images)).squared().mean()
    }

    func step(_ batch: TrainingBatch, optimisers: Optimisers, generator: Generator) throws -> Double {
        let images = try batch.images.flattened()
        let noise = try Tensor.normal(images.shape, generator: generator) * 0.1
        let loss = try loss(images + noise)
        // The second moves in every other step only.
        let isSecondsTurn = batch.index % 2 == 1
        try optimisers["first"].step(minimising: loss, keepingGraph: isSecondsTurn)
        if isSecondsTurn { try optimisers["second"].step(minimising: loss) }
        let sums = try parts.sums.tensor.elements(Float.self)
        #expect(sums[0] == Float(batch.index) && sums[2] == Float(batch.epoch))
        try parts.sums.tensor.copy(from: Tensor([sums[0] + 1, sums[1] + Float(images.shape[0]), sums[2]]))
        return try loss.item()
    }

    func epochEnded(optimisers: Optimisers, generator: Generator) throws {
        let sums = try parts.sums.tensor.elements(Float.self)
        try parts.first.weight.tensor.fillUniform(-0.1...0.1, generator: generator)
        try parts.sums.tensor.copy(from: Tensor([0, 0, sums[2] + 1]))
    }

    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        #expect(images.shape[0] <= 4)
        let source = try images.detached().requireGradient()
        let gradient = try #require(loss(source.flattened()).gradients(of: [source])[0])
        return AnomalyScores(scores: try gradient.absolute().mean(axes: [1, 2, 3]))
    }
}

struct MethodProtocolTests {
    private static let job = JobDescription(
        method: Demanding.name, configuration: ["learning_rate": 1e-3], dataset: "stripes",
        fingerprint: String(repeating: "0", count: 64), seed: 3)

    private static func images() throws -> ImageBatches {
        ImageBatches(try Tensor((0..<11 * 256).map { UInt8(($0 * $0) % 256) }, shape: [11, 1, 16, 16]))
    }

    private func state() throws -> TrainingState {
        try TrainingState(Self.job, type: Demanding.self, weights: PretrainedWeights())
    }

    private func trainer(_ state: TrainingState) throws -> Trainer {
        Trainer(state: state, images: try Self.images(), batchSize: 4)
    }

    private func bits(_ state: TrainingState) throws -> [[UInt32]] {
        try (state.method.network.state + state.optimisers.state).map { try $0.tensor.elements(Float.self).map(\.bitPattern) }
    }

    /// Seven steps in epochs of three: two whole ones and the first step of a third.
    @Test(arguments: 1..<7) func resumesBitForBit(_ stop: Int) throws {
        let whole = try state()
        let trainer = try trainer(whole)
        #expect(trainer.epochs == 3)
        var steps = 0
        while !trainer.isFinished {
            _ = try trainer.advance()
            steps += 1
        }
        #expect(steps == 7 && whole.losses.count == 3 && whole.current == nil)
        #expect(whole.optimisers.steps == [7, 2])

        let first = try state()
        let firstTrainer = try self.trainer(first)
        for _ in 0..<stop { _ = try firstTrainer.advance() }
        let second = try state()
        try second.restore(try first.checkpoint(of: Self.job), name: "checkpoint", job: Self.job)
        let secondTrainer = try self.trainer(second)
        while !secondTrainer.isFinished { _ = try secondTrainer.advance() }
        #expect(second.losses.map(\.bitPattern) == whole.losses.map(\.bitPattern))
        #expect(second.optimisers.steps == whole.optimisers.steps)
        #expect(try bits(second) == bits(whole))
        let scores = try [whole, second].map { try Scoring($0.method, images: Self.images(), seed: 1, keepingMaps: true) }
        #expect(scores[0].scores.count == 11 && scores[0].maps.isEmpty)
        #expect(scores[0].scores == scores[1].scores)
    }

    /// Frozen weights stay as they are and are in no checkpoint.
    @Test func frozenWeightsAreLeftAlone() throws {
        let state = try state()
        let parts = try #require(state.method as? Demanding).parts
        let before = try parts.frozen.weight.tensor.elements(Float.self)
        let trainer = try trainer(state)
        while !trainer.isFinished { _ = try trainer.advance() }
        #expect(try parts.frozen.weight.tensor.elements(Float.self) == before)
        let names = try Safetensors(state.checkpoint(of: Self.job), name: "checkpoint").tensors.map(\.name)
        #expect(!names.contains { $0.contains("frozen") })
        #expect(names.contains("network.sums") && names.contains("optimiser.second.first.weight"))
        #expect(parts.parameterCount == 514 + 768 + 771)
    }

    @Test func weightsThatAreNotThereAreNamed() throws {
        let error = #expect(throws: TrainingError.self) { try PretrainedWeights().file("vgg19") }
        #expect(error?.description.contains("vgg19") == true)
    }

    @Test func normalisations() throws {
        let bytes = try Tensor([0, 51, 255] as [UInt8], shape: [1, 3, 1, 1])
        expectClose(try ImageNormalisation.symmetric(bytes).elements(), [-1, -0.6, 1], within: 1e-6, "symmetric")
        expectClose(
            try ImageNormalisation.imageNet(bytes).elements(),
            [-0.485 / 0.229, (0.2 - 0.456) / 0.224, (1 - 0.406) / 0.225], within: 1e-6, "ImageNet")
        #expect(throws: TorchError.self) { try ImageNormalisation.imageNet(.zeros([1, 1, 2, 2], type: .byte)) }
    }
}
