import Catalogue
import Foundation
import Testing

@testable import AnomalyDetection
@testable import Torch

/// Everything that a model may ask of the training core, asked by one: a pass, units of its own, two optimisers, frozen weights, a
/// sum that is kept over an epoch, a buffer whose size the data decide, noise, a length in steps, and a last stage of epochs with a
/// schedule and an average of the weights.
private final class Demanding: Model {
    final class Network: Module {
        let first: Linear
        let second: Linear
        let frozen: Linear
        /// How often and with how many images this epoch has been stepped; then the number of epochs.
        let sums: Buffer
        /// The means of all images.
        let means: Buffer

        init(generator: Generator) throws {
            first = try Linear(256, 2, generator: generator)
            second = try Linear(2, 256, generator: generator)
            frozen = try Linear(256, 3, generator: generator)
            sums = Buffer(try .zeros([3]))
            means = Buffer(try .zeros([0]), isResizable: true)
            super.init()
            try frozen.freeze()
        }
    }

    let parts: Network
    private let count: Int
    var network: Module { parts }

    init(_ settings: MethodSettings, context: ModelContext) throws {
        parts = try Network(generator: context.generator)
        count = context.data.count
    }

    var stages: [Stage] {
        let (parts, count) = (parts, count)
        return [
            .fit(
                FitStage(
                    "means", batchSize: 3,
                    begin: { generator in
                        try parts.means.replace(.zeros([count]))
                        try parts.sums.tensor.fillUniform(0...1, generator: generator)
                    }, finish: { try parts.sums.tensor.fill(0) }
                ) { images, range in
                    try parts.means.tensor.narrowed(axis: 0, start: range.lowerBound, length: range.count)
                        .copy(from: images.mean(axes: [1, 2, 3]))
                }),
            .iteration(
                IterationStage("halvings", unit: "halvings", count: 5, chunk: 2) { range in
                    for index in range {
                        try parts.means.tensor.copy(from: parts.means.tensor * 0.5 + Double(index))
                    }
                }),
            .gradient(
                GradientStage(
                    "two optimisers", length: .steps(7), batchSize: 4,
                    optimisers: {
                        Optimisers([
                            ("first", try Adam(parts.first.trainableParameters, learningRate: 1e-3)),
                            ("second", try SGD(parts.second.trainableParameters, learningRate: 1e-3, momentum: 0.9)),
                        ])
                    },
                    epochEnded: { _, generator in
                        let sums = try parts.sums.tensor.elements(Float.self)
                        try parts.first.weight.tensor.fillUniform(-0.1...0.1, generator: generator)
                        try parts.sums.tensor.copy(from: Tensor([0, 0, sums[2] + 1]))
                    }, step: { try self.step($0, $1, $2) })),
            .gradient(
                GradientStage(
                    "averaged", length: .epochs(2), batchSize: 4, schedule: .init(.warmUpThenCosine(warmUp: 2, length: 6), by: .steps),
                    averageDecay: 0.7,
                    optimisers: { try Optimisers(AdamW(parts.second.trainableParameters, learningRate: 1e-3)) }
                ) { batch, optimisers, _ in
                    let loss = try self.loss(batch.images.flattened())
                    try optimisers.only.step(minimising: loss)
                    return try loss.detached()
                }),
        ]
    }

    func loss(_ images: Tensor) throws -> Tensor {
        let output = try parts.second(parts.first(images))
        return try (parts.frozen(output) - parts.frozen(images)).squared().mean()
    }

    private func step(_ batch: TrainingBatch, _ optimisers: Optimisers, _ generator: Generator) throws -> Tensor {
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
        return try loss.detached()
    }
}

/// Scores by gradients, over the largest mean of a training image, which it looks for in a pass of its own that begins with a draw.
private final class DemandingScorer: Scorer {
    final class Network: Module {
        let largest: Buffer
        init(_ largest: Buffer) { self.largest = largest }
    }

    let model: Demanding
    let parts: Network
    let batchSize = 4
    let needsGradients = true
    var network: Module? { parts }

    init(_ model: Demanding) throws {
        self.model = model
        parts = Network(Buffer(try .zeros([2])))
    }

    var stages: [Stage] {
        let parts = parts
        return [
            .fit(
                FitStage("largest", batchSize: 2, begin: { try parts.largest.tensor.fillUniform(0...1, generator: $0) }) { images, _ in
                    let tensor = parts.largest.tensor
                    let mean = try images.mean().item()
                    let values = try tensor.elements(Double.self)
                    try tensor.copy(from: Tensor([Float(max(values[0], mean)), Float(values[1])]))
                })
        ]
    }

    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        #expect(images.shape[0] <= 4)
        let source = try images.detached().requireGradient()
        let gradient = try #require(model.loss(source.flattened()).gradients(of: [source])[0])
        let values = try parts.largest.tensor.elements(Double.self)
        return AnomalyScores(scores: try gradient.absolute().mean(axes: [1, 2, 3]) / (values[0] + values[1]))
    }
}

struct MethodProtocolTests {
    private static let method = AnomalyDetection.Method(.ae, small: [:], model: Demanding.self) { model, _, _ in
        try DemandingScorer(model)
    }

    private static func images() throws -> ImageBatches {
        try ImageBatches(Tensor((0..<11 * 256).map { UInt8(($0 * $0) % 256) }, shape: [11, 1, 16, 16]))
    }

    private func state() throws -> TrainingState {
        try TrainingState(
            SmallJobs.job("ae"), method: Self.method, data: DataShape(count: 11, channels: 1, side: 16))
    }

    private func finish(_ state: TrainingState) throws -> Int {
        let trainer = Trainer(state: state, images: try Self.images())
        var pieces = 0
        while !state.isTrained {
            _ = try trainer.advance()
            pieces += 1
        }
        return pieces
    }

    /// A pass of four batches, five halvings two at a time, seven steps in epochs of three, two epochs of three steps, and the
    /// scorer's pass of six.
    @Test(arguments: 1..<26) func resumesBitForBit(_ stop: Int) throws {
        let whole = try state()
        #expect(try finish(whole) == 4 + 3 + 7 + 6 + 6)
        #expect(whole.losses.count == 3 + 2 && whole.work == 11 + 5 + (22 + 4) + 22 + 11)
        let first = try state()
        let trainer = Trainer(state: first, images: try Self.images())
        for _ in 0..<stop { _ = try trainer.advance() }
        let second = try state()
        try second.restore(try first.checkpoint(), name: "checkpoint")
        #expect(try finish(second) == 26 - stop)
        #expect(second.losses.map(\.bitPattern) == whole.losses.map(\.bitPattern))
        #expect(try SmallJobs.bits(second) == SmallJobs.bits(whole))
        let scores = try [whole, second].map { try Scoring($0, images: Self.images(), keepsMaps: true).all() }
        #expect(scores[0].scores.count == 11 && scores[0].maps.isEmpty)
        #expect(scores[0].scores == scores[1].scores)
    }

    /// A schedule and an average of the weights do what they do by hand.
    @Test func schedulesAndAveragesAreFollowed() throws {
        let state = try state()
        let trainer = Trainer(state: state, images: try Self.images())
        for _ in 0..<14 { _ = try trainer.advance() }
        let parts = try #require(state.model as? Demanding).parts
        let rates = [0.5, 1, 1, 0.5 * (1 + cos(.pi / 4)), 0.5, 0.5 * (1 + cos(.pi * 0.75))]
        var average = try parts.second.weight.tensor.elements(Double.self)
        for (step, rate) in rates.enumerated() {
            _ = try trainer.advance()
            if step < 5 {
                #expect(abs(state.optimisers!.only.learningRate - 1e-3 * rate) < 1e-12)
                average = zip(average, try parts.second.weight.tensor.elements(Double.self)).map { 0.7 * $0 + 0.3 * $1 }
            }
        }
        // The last step's own weights are in the average alone.
        let final = try parts.second.weight.tensor.elements(Double.self)
        #expect(zip(final, average).contains { $0 != $1 })
        expectClose(final, average, within: 1e-2, "average")
        #expect(state.average == nil && state.stage == 4)
    }

    /// A scorer's own draws are the same whether its job has trained the model or taken it over.
    @Test func scorersDrawByThemselves() throws {
        let whole = try state()
        _ = try finish(whole)
        let taken = try state()
        try taken.take(whole.weights(), name: "weights")
        #expect(try finish(taken) == 6)
        #expect(try SmallJobs.bits(taken) == SmallJobs.bits(whole))
    }

    /// Frozen weights stay as they are and are in no checkpoint.
    @Test func frozenWeightsAreLeftAlone() throws {
        let state = try state()
        let parts = try #require(state.model as? Demanding).parts
        let before = try parts.frozen.weight.tensor.elements(Float.self)
        let trainer = Trainer(state: state, images: try Self.images())
        for _ in 0..<9 { _ = try trainer.advance() }
        let names = try Safetensors(state.checkpoint(), name: "checkpoint").tensors.map(\.name)
        #expect(!names.contains { $0.contains("frozen") })
        #expect(names.contains("network.sums") && names.contains("optimiser.second.momentum.weight"))
        _ = try finish(state)
        #expect(try parts.frozen.weight.tensor.elements(Float.self) == before)
        #expect(parts.parameterCount == 514 + 768 + 771)
    }

    @Test func weightsThatAreNotThereAreNamed() throws {
        let error = #expect(throws: TrainingError.self) { try PretrainedWeights().file("vgg19") }
        #expect(error?.description.contains("vgg19") == true)
    }

    @Test func optionsAreReadByKind() throws {
        let settings = MethodSettings(["epochs": 3, "kl_weight": 0.5, "color": "rgb", "latent_size": 0.5])
        #expect(try settings[TrainingOptions.epochs] == 3 && settings[VAEOptions.divergenceWeight] == 0.5)
        #expect(try settings.channels == 3)
        let error = #expect(throws: TrainingError.self) { try settings[AutoencoderOptions.latentSize] }
        #expect(error?.description == "the job's option 'latent_size' is 0.5 but must be a whole number; submit the sweep again")
        let absent = #expect(throws: TrainingError.self) { try settings[VAEOptions.sampling] }
        #expect(absent?.description.contains("'score_sampling' is absent but must be true or false") == true)
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
