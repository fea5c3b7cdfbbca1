import Torch

/// f-AnoGAN (Schlegl et al., 2019). Stage 1 trains generator G and critic D as a Wasserstein GAN with gradient penalty:
/// D by mean D(G(z)) - mean D(x) + λ GP at every batch, G by -mean D(G(z)) at every n-th of an epoch. Stage 2 trains the
/// encoder E alone by mean(e²) + κ mean((f(x) - f(x̂))²), x̂ = G(E(x)), f being the critic's features. Scored by the same
/// two means of each image; the map is e² (specification 2.3).
public final class FAnoGAN: Method {
    public static let name = "f-anogan"

    let parts: ResidualNetworks
    public let length: TrainingLength
    /// Epochs of stage 1.
    private let adversarialEpochs: Int
    private let criticSteps: Int
    private let penaltyWeight: Double
    private let featureWeight: Double
    private let latentSize: Int

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        let shape = try ResidualNetworks.Shape(settings)
        parts = try ResidualNetworks(shape, generator: generator)
        latentSize = shape.latentSize
        adversarialEpochs = try settings.integer("epochs")
        length = .epochs(adversarialEpochs + (try settings.integer("encoder_epochs")))
        criticSteps = try settings.integer("critic_steps")
        penaltyWeight = try settings.number("penalty_weight")
        featureWeight = try settings.number("feature_weight")
    }

    public var network: Module { parts }
    /// Its maps of features are large.
    public var scoringBatchSize: Int { 16 }

    public func makeOptimisers(learningRate: Double) throws -> Optimisers {
        Optimisers([
            ("discriminator", try Adam(parts.discriminator.trainableParameters, learningRate: learningRate)),
            ("generator", try Adam(parts.generator.trainableParameters, learningRate: learningRate)),
            ("encoder", try Adam(parts.encoder.trainableParameters, learningRate: learningRate)),
        ])
    }

    public func step(_ batch: TrainingBatch, optimisers: Optimisers, generator: Generator) throws -> Double {
        let images = batch.images
        guard batch.epoch < adversarialEpochs else {
            // Nothing that is fixed may gather statistics.
            parts.generator.train(false)
            let loss = try encoderLoss(images)
            try optimisers["encoder"].step(minimising: loss)
            return try loss.item()
        }
        let codes = try codes(for: images, generator: generator)
        let mixture = try Tensor.uniform([images.shape[0], images.shape[1], 1, 1], generator: generator)
        let loss = try criticLoss(images, codes: codes, mixture: mixture.to(images.device))
        try optimisers["discriminator"].step(minimising: loss)
        // In an epoch of fewer batches the generator would never move.
        if (batch.index + 1) % min(criticSteps, batch.count) == 0 {
            try optimisers["generator"].step(minimising: generatorLoss(codes: self.codes(for: images, generator: generator)))
        }
        return try loss.item()
    }

    private func codes(for images: Tensor, generator: Generator) throws -> Tensor {
        try .normal([images.shape[0], latentSize], generator: generator, device: images.device)
    }

    /// The critic's loss.
    /// - Parameters:
    ///   - codes: standard normal, `[N, z]`.
    ///   - mixture: the share of the real image, 0..<1, where the penalty is taken, `[N, C, 1, 1]`.
    func criticLoss(_ images: Tensor, codes: Tensor, mixture: Tensor) throws -> Tensor {
        let fakes = try Tensor.withoutGradients { try parts.generator(codes) }
        let difference = try parts.discriminator(fakes).mean() - parts.discriminator(images).mean()
        return try difference + gradientPenalty(images, fakes: fakes, mixture: mixture) * penaltyWeight
    }

    /// The mean of (‖∂D/∂x‖ - 1)² at mixtures of real and generated images (Gulrajani et al., 2017).
    func gradientPenalty(_ images: Tensor, fakes: Tensor, mixture: Tensor) throws -> Tensor {
        let mixed = try (images * mixture + fakes * (1 - mixture)).detached().requireGradient()
        guard let slope = try parts.discriminator(mixed).sum().gradients(of: [mixed], differentiable: true)[0] else {
            throw TorchError("the critic does not depend on its images")
        }
        return try (slope.flattened().norm(axes: [1]) - 1).squared().mean()
    }

    func generatorLoss(codes: Tensor) throws -> Tensor {
        try parts.discriminator(parts.generator(codes)).mean().negated()
    }

    func encoderLoss(_ images: Tensor) throws -> Tensor {
        let features = try Tensor.withoutGradients { try parts.discriminator.features(images) }
        let reconstructions = try parts.generator(parts.encoder(images))
        let difference = try features - parts.discriminator.features(reconstructions)
        return try Distance.squared.loss(images, reconstructions) + difference.squared().mean() * featureWeight
    }

    public func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let reconstructions = try parts.generator(parts.encoder(images))
        let map = try Distance.squared.map(images, reconstructions)
        let difference = try parts.discriminator.features(images) - parts.discriminator.features(reconstructions)
        let scores = try map.mean(axes: [1, 2, 3]) + difference.squared().mean(axes: [1]) * featureWeight
        return AnomalyScores(scores: scores, map: map)
    }

    public func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try parts.generator(parts.encoder(images))
    }
}
