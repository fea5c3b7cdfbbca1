import Catalogue
import Torch

/// f-AnoGAN (Schlegl et al., 2019). Stage 1 trains generator G and critic D as a Wasserstein GAN with gradient penalty:
/// D by mean D(G(z)) - mean D(x) + λ GP at every batch, G by -mean D(G(z)) at every n-th of an epoch. Stage 2 trains the
/// encoder E alone by mean(e²) + κ mean((f(x) - f(x̂))²), x̂ = G(E(x)), f being the critic's features. Scored by the same
/// two means of each image; the map is e².
final class FAnoGAN: Model {
    let parts: ResidualNetworks
    private let settings: MethodSettings
    private let penaltyWeight: Double
    let featureWeight: Double
    private let latentSize: Int

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        let shape = try ResidualNetworks.Shape(settings)
        parts = try ResidualNetworks(shape, generator: context.generator)
        latentSize = shape.latentSize
        penaltyWeight = try settings[FAnoGANOptions.penaltyWeight]
        featureWeight = try settings[FAnoGANOptions.featureWeight]
    }

    var network: Module { parts }

    var stages: [Stage] { get throws { [try adversarialStage, try encoderStage] } }

    private var adversarialStage: Stage {
        get throws {
            let (learningRate, criticSteps) = (try settings.learningRate, try settings[FAnoGANOptions.criticSteps])
            let parts = parts
            return .gradient(
                GradientStage(
                    length: try settings.epochs, batchSize: try settings.batchSize,
                    optimisers: {
                        Optimisers([
                            ("discriminator", try Adam(parts.discriminator.trainableParameters, learningRate: learningRate)),
                            ("generator", try Adam(parts.generator.trainableParameters, learningRate: learningRate)),
                        ])
                    }
                ) { batch, optimisers, generator in
                    let images = batch.images
                    let codes = try self.codes(for: images, generator: generator)
                    let mixture = try Tensor.uniform(
                        [images.shape[0], images.shape[1], 1, 1], generator: generator, device: images.device)
                    let loss = try self.criticLoss(images, codes: codes, mixture: mixture)
                    try optimisers["discriminator"].step(minimising: loss)
                    // In an epoch of fewer batches the generator would never move.
                    if (batch.index + 1) % min(criticSteps, batch.count) == 0 {
                        let codes = try self.codes(for: images, generator: generator)
                        try optimisers["generator"].step(minimising: self.generatorLoss(codes: codes))
                    }
                    return try loss.detached()
                })
        }
    }

    private var encoderStage: Stage {
        get throws {
            let learningRate = try settings.learningRate
            let parts = parts
            return .gradient(
                GradientStage(
                    "encoder", length: .epochs(try settings[FAnoGANOptions.encoderEpochs]), batchSize: try settings.batchSize,
                    optimisers: { try Optimisers(Adam(parts.encoder.trainableParameters, learningRate: learningRate)) }
                ) { batch, optimisers, _ in
                    // Nothing that is fixed may gather statistics.
                    parts.generator.train(false)
                    let loss = try self.encoderLoss(batch.images)
                    try optimisers.only.step(minimising: loss)
                    return try loss.detached()
                })
        }
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

    func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try parts.generator(parts.encoder(images))
    }
}

/// Scores by the squared error of the image and of the critic's features; the map is that of the image.
final class FAnoGANScorer: Scorer {
    private let model: FAnoGAN
    /// Maps of features are large.
    let batchSize = 16

    init(_ model: FAnoGAN) { self.model = model }

    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let parts = model.parts
        let reconstructions = try parts.generator(parts.encoder(images))
        let map = try Distance.squared.map(images, reconstructions)
        let difference = try parts.discriminator.features(images) - parts.discriminator.features(reconstructions)
        let scores = try map.mean(axes: [1, 2, 3]) + difference.squared().mean(axes: [1]) * model.featureWeight
        return AnomalyScores(scores: scores, map: map)
    }
}

extension Method {
    static let fAnoGAN = Method(
        .fAnoGAN,
        small: [
            "input_size": 16, "latent_size": 2, "base_channels": 2, "batch_size": 4, "epochs": 2, "encoder_epochs": 1,
            "critic_steps": 2,
        ], model: FAnoGAN.self
    ) { model, _, _ in FAnoGANScorer(model) }
}
