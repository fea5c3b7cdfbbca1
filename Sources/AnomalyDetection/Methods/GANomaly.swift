import Torch

/// GANomaly (Akcay et al., 2018). From one pass of a batch the generator is moved by w₁ mean((f(x) - f(x̂))²) +
/// w₂ mean(e²) + w₃ mean((z - ẑ)²) and then the discriminator by ½ (BCE(D(x), 1) + BCE(D(x̂), 0)); f are the discriminator's
/// features. If an epoch's mean loss of the discriminator falls below a threshold, it begins anew (its optimiser does
/// not). Scored by mean((z - ẑ)²) over the code; there is no map (specification 2.2).
///
/// The study scores single images in training mode: each is normalised by statistics of its own. So are they here, with
/// whole batches, and the running statistics stay as they are; `score_statistics: running` scores by
/// these instead.
public final class GANomaly: Method {
    public static let name = "ganomaly"

    let parts: AdversarialAutoencoder
    /// Over the epoch under way; a part of the saved state.
    private let discriminatorLoss: EpochMean
    public let network: Module
    public let length: TrainingLength
    private let weights: (features: Double, reconstruction: Double, code: Double)
    private let threshold: Double
    private let usesImageStatistics: Bool

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        let shape = try BackboneShape(settings)
        guard shape.inputSize >= 32 else {
            throw TrainingError(
                "input_size is \(shape.inputSize), which leaves a single number a channel to normalise; use 32 or more")
        }
        parts = try AdversarialAutoencoder(shape, generator: generator)
        discriminatorLoss = try .zero()
        network = Network(parts: parts, discriminatorLoss: discriminatorLoss)
        length = .epochs(try settings.integer("epochs"))
        self.weights = (
            try settings.number("feature_weight"), try settings.number("reconstruction_weight"),
            try settings.number("code_weight")
        )
        threshold = try settings.number("discriminator_threshold")
        usesImageStatistics = try settings.text("score_statistics") == "image"
    }

    private final class Network: Module {
        let parts: AdversarialAutoencoder
        let discriminatorLoss: EpochMean

        init(parts: AdversarialAutoencoder, discriminatorLoss: EpochMean) {
            self.parts = parts
            self.discriminatorLoss = discriminatorLoss
        }
    }

    public func makeOptimisers(learningRate: Double) throws -> Optimisers {
        Optimisers([
            ("generator", try Adam(parts.generator.trainableParameters, learningRate: learningRate)),
            ("discriminator", try Adam(parts.discriminator.trainableParameters, learningRate: learningRate)),
        ])
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

    public func step(_ batch: TrainingBatch, optimisers: Optimisers, generator: Generator) throws -> Double {
        let losses = try losses(batch.images)
        let loss = try generatorLoss(losses)
        try optimisers["generator"].step(minimising: loss, keepingGraph: true)
        try optimisers["discriminator"].step(minimising: losses.discriminator)
        try discriminatorLoss.add(losses.discriminator.item(), images: batch.images.shape[0])
        return try loss.item()
    }

    public func epochEnded(optimisers: Optimisers, generator: Generator) throws {
        if try discriminatorLoss.take() < threshold { try parts.discriminator.reinitialise(generator: generator) }
    }

    public func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        try withImageStatistics {
            let output = try parts.generator(images)
            return AnomalyScores(scores: try (output.code - output.secondCode).squared().mean(axes: [1]))
        }
    }

    public func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try withImageStatistics { try parts.generator(images).reconstruction }
    }

    /// Runs `body` with each image normalised by statistics of its own.
    private func withImageStatistics<Result>(_ body: () throws -> Result) rethrows -> Result {
        let norms = parts.generator.modules.compactMap { $0 as? BatchNorm }
        for norm in norms { norm.usesImageStatistics = usesImageStatistics }
        defer { for norm in norms { norm.usesImageStatistics = false } }
        return try body()
    }
}
