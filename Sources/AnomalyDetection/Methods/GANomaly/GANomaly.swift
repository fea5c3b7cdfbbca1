import Catalogue
import Torch

/// GANomaly (Akcay et al., 2018). From one pass of a batch the generator is moved by w₁ mean((f(x) - f(x̂))²) +
/// w₂ mean(e²) + w₃ mean((z - ẑ)²) and then the discriminator by ½ (BCE(D(x), 1) + BCE(D(x̂), 0)); f are the discriminator's
/// features. If an epoch's mean loss of the discriminator falls below a threshold, it begins anew (its optimiser does
/// not).
final class GANomaly: Model {
    /// What is trained and saved.
    final class Parts: Module {
        let parts: AdversarialAutoencoder
        /// Over the epoch under way.
        let discriminatorLoss: EpochMean

        init(parts: AdversarialAutoencoder, discriminatorLoss: EpochMean) {
            self.parts = parts
            self.discriminatorLoss = discriminatorLoss
        }
    }

    private let saved: Parts
    private let settings: MethodSettings
    private let weights: (features: Double, reconstruction: Double, code: Double)

    init(_ settings: MethodSettings, context: ModelContext) throws {
        let shape = try BackboneShape(settings)
        guard shape.inputSize >= 32 else {
            throw TrainingError(
                "input_size is \(shape.inputSize), which leaves a single number a channel to normalise; use 32 or more")
        }
        self.settings = settings
        saved = Parts(parts: try AdversarialAutoencoder(shape, generator: context.generator), discriminatorLoss: try .zero())
        weights = (
            try settings[GANomalyOptions.featureWeight], try settings[GANomalyOptions.reconstructionWeight],
            try settings[ConstrainedAEOptions.codeWeight]
        )
    }

    var network: Module { saved }
    var parts: AdversarialAutoencoder { saved.parts }

    var stages: [Stage] {
        get throws {
            let (learningRate, threshold) = (try settings.learningRate, try settings[GANomalyOptions.discriminatorThreshold])
            let saved = saved
            return [
                .gradient(
                    GradientStage(
                        length: try settings.epochs, batchSize: try settings.batchSize,
                        optimisers: {
                            Optimisers([
                                ("generator", try Adam(saved.parts.generator.trainableParameters, learningRate: learningRate)),
                                ("discriminator", try Adam(saved.parts.discriminator.trainableParameters, learningRate: learningRate)),
                            ])
                        },
                        epochEnded: { _, generator in
                            if try saved.discriminatorLoss.take() < threshold {
                                try saved.parts.discriminator.reinitialise(generator: generator)
                            }
                        }
                    ) { batch, optimisers, _ in
                        let losses = try self.losses(batch.images)
                        let loss = try self.generatorLoss(losses)
                        try optimisers["generator"].step(minimising: loss, keepingGraph: true)
                        try optimisers["discriminator"].step(minimising: losses.discriminator)
                        try saved.discriminatorLoss.add(losses.discriminator, images: batch.images.shape[0])
                        return try loss.detached()
                    })
            ]
        }
    }

    /// What the two losses of a batch are.
    struct Losses {
        let features: Tensor
        let reconstruction: Tensor
        let code: Tensor
        let discriminator: Tensor
    }

    func losses(_ images: Tensor) throws -> Losses {
        let output = try parts.generator(images)
        let real = try parts.discriminator(images)
        // One pass for both losses: the discriminator's own differentiates by its weights only, which detaches x̂.
        let fake = try parts.discriminator(output.reconstruction)
        let crossEntropy = try real.probability.binaryCrossEntropy(target: 1)
            + fake.probability.binaryCrossEntropy(target: 0)
        return Losses(
            features: try (real.features - fake.features).squared().mean(),
            reconstruction: try Distance.squared.loss(images, output.reconstruction),
            code: try (output.code - output.secondCode).squared().mean(), discriminator: try crossEntropy * 0.5)
    }

    func generatorLoss(_ losses: Losses) throws -> Tensor {
        try losses.features * weights.features + losses.reconstruction * weights.reconstruction
            + losses.code * weights.code
    }

    func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try parts.generator.withImageStatistics { try parts.generator(images).reconstruction }
    }
}

/// Scores by mean((z - ẑ)²) over the code; there is no map. The study scores single images in training mode: each is normalised by
/// statistics of its own. So are they here, with whole batches, and the running statistics stay as they are; `score_statistics:
/// running` scores by these instead.
final class GANomalyScorer: Scorer {
    private let network: EncodingGenerator
    private let statistics: GANomalyOptions.ScoreStatistics

    init(_ model: GANomaly, _ settings: MethodSettings) throws {
        network = model.parts.generator
        statistics = try settings[GANomalyOptions.scoreStatistics]
    }

    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        func distance() throws -> Tensor {
            let output = try network(images)
            return try (output.code - output.secondCode).squared().mean(axes: [1])
        }
        return AnomalyScores(scores: try statistics == .image ? network.withImageStatistics(distance) : distance())
    }
}

extension Module {
    /// Runs `body` with each image normalised by statistics of its own.
    fileprivate func withImageStatistics<Result>(_ body: () throws -> Result) rethrows -> Result {
        let norms = modules.compactMap { $0 as? BatchNorm }
        for norm in norms { norm.usesImageStatistics = true }
        defer { for norm in norms { norm.usesImageStatistics = false } }
        return try body()
    }
}

extension Method {
    /// Its discriminator begins anew after each epoch.
    static let ganomaly = Method(
        .ganomaly, small: Settings.smallAutoencoder.merging(["input_size": 32, "discriminator_threshold": 1000]) { $1 },
        model: GANomaly.self
    ) { model, settings, _ in try GANomalyScorer(model, settings) }
}
