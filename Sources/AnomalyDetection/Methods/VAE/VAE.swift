import Catalogue
import Torch

/// VAE: a variational autoencoder (Kingma and Welling, 2014), trained with mean(e²) + w KL, where KL is the mean over batch and code
/// of -½ (1 + s - μ² - exp s).
final class VAE: Model {
    let autoencoder: VariationalAutoencoder
    private let settings: MethodSettings
    private let weight: Double

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        weight = try settings[VAEOptions.divergenceWeight]
        autoencoder = try VariationalAutoencoder(BackboneShape(settings), generator: context.generator)
    }

    var network: Module { autoencoder }

    var stages: [Stage] {
        get throws {
            [try .training(settings, of: network) { try self.loss($0, noise: self.noise(for: $0, generator: $1)) }]
        }
    }

    func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try autoencoder(images, noise: noise(for: images, generator: generator)).reconstruction
    }

    /// With a given draw: standard normal, `[N, d]`.
    func loss(_ images: Tensor, noise: Tensor) throws -> Tensor {
        let output = try autoencoder(images, noise: noise)
        return try Distance.squared.loss(images, output.reconstruction)
            + divergence(mean: output.mean, logVariance: output.logVariance) * weight
    }

    /// KL, a scalar.
    func divergence(mean: Tensor, logVariance: Tensor) throws -> Tensor {
        try (logVariance + 1 - mean.squared() - logVariance.exponential()).mean() * -0.5
    }

    /// |∂ KL / ∂x|, `[N, C, S, S]`; it needs no draw.
    func divergenceGradient(_ images: Tensor) throws -> Tensor {
        try GradientMap.magnitude(images) { images in
            let (mean, logVariance) = try autoencoder.encode(images)
            return try divergence(mean: mean, logVariance: logVariance)
        }
    }

    /// A draw for each image, `[N, d]`.
    func noise(for images: Tensor, generator: Generator) throws -> Tensor {
        try .normal([images.shape[0], autoencoder.latentSize], generator: generator, device: images.device)
    }
}

/// Scores a variational autoencoder by a map of one draw of the code, since the study samples at test time too, or with
/// `score_sampling: false` of its mean.
final class VariationalScorer: Scorer {
    let model: VAE
    private let reading: MapReading
    private let samples: Bool
    let needsGradients: Bool
    /// Makes the map `[N, C, S, S]` of images with a given draw; its mean over channels is scored.
    private let elements: (_ model: VAE, _ images: Tensor, _ noise: Tensor) throws -> Tensor

    init(
        _ model: VAE, _ settings: MethodSettings, needsGradients: Bool,
        elements: @escaping (_ model: VAE, _ images: Tensor, _ noise: Tensor) throws -> Tensor
    ) throws {
        self.model = model
        self.needsGradients = needsGradients
        self.elements = elements
        reading = try settings[MapOptions.score]
        samples = try settings[VAEOptions.sampling]
    }

    /// The map `[N, 1, S, S]` with a given draw.
    func map(_ images: Tensor, noise: Tensor) throws -> Tensor {
        try elements(model, images, noise).mean(axes: [1], keepingDimensions: true)
    }

    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let noise = try model.noise(for: images, generator: generator)
        let map = try map(images, noise: samples ? noise : noise * 0)
        return AnomalyScores(scores: try reading.scores(map), map: map)
    }
}

extension Method {
    static let vae = variational(.vae, needsGradients: false) { model, images, noise in
        try (images - model.autoencoder(images, noise: noise).reconstruction).squared()
    }

    /// The variational autoencoder with a scorer.
    static func variational(
        _ description: MethodDescription, needsGradients: Bool = true,
        elements: @escaping @Sendable (_ model: VAE, _ images: Tensor, _ noise: Tensor) throws -> Tensor
    ) -> Method {
        Method(description, small: .smallAutoencoder, model: VAE.self) { model, settings, _ in
            try VariationalScorer(model, settings, needsGradients: needsGradients, elements: elements)
        }
    }
}
