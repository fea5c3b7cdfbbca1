import Torch

/// A method that trains a variational autoencoder (Kingma and Welling, 2014) with mean(e²) + w KL, where KL is the mean
/// over batch and code of -½ (1 + s - μ² - exp s). Scored by e² of one draw of the code, since the study samples at test
/// time too (specification 2.2), or with `score_sampling: false` of its mean, unless a subclass says otherwise.
public class VariationalMethod {
    let autoencoder: VariationalAutoencoder
    private let weight: Double
    private let samplesScores: Bool
    public final let length: TrainingLength

    init(_ settings: MethodSettings, generator: Generator) throws {
        weight = try settings.number("kl_weight")
        samplesScores = try settings.boolean("score_sampling", default: true)
        length = .epochs(try settings.integer("epochs"))
        autoencoder = try VariationalAutoencoder(BackboneShape(settings), generator: generator)
    }

    public final var network: Module { autoencoder }

    public final func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        try loss(images, noise: noise(for: images, generator: generator))
    }

    public final func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let noise = try noise(for: images, generator: generator)
        return try AnomalyScores(map: scoreMap(images, noise: samplesScores ? noise : noise * 0))
    }

    public final func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try autoencoder(images, noise: noise(for: images, generator: generator)).reconstruction
    }

    /// With a given draw: standard normal, `[N, d]`.
    final func loss(_ images: Tensor, noise: Tensor) throws -> Tensor {
        let output = try autoencoder(images, noise: noise)
        return try Distance.squared.loss(images, output.reconstruction)
            + divergence(mean: output.mean, logVariance: output.logVariance) * weight
    }

    /// KL, a scalar.
    final func divergence(mean: Tensor, logVariance: Tensor) throws -> Tensor {
        try (logVariance + 1 - mean.squared() - logVariance.exponential()).mean() * -0.5
    }

    /// |∂ KL / ∂x|, `[N, C, S, S]`; it needs no draw.
    final func divergenceGradient(_ images: Tensor) throws -> Tensor {
        try GradientMap.magnitude(images) { images in
            let (mean, logVariance) = try autoencoder.encode(images)
            return try divergence(mean: mean, logVariance: logVariance)
        }
    }

    /// The map `[N, 1, S, S]` with a given draw.
    func scoreMap(_ images: Tensor, noise: Tensor) throws -> Tensor {
        try Distance.squared.map(images, autoencoder(images, noise: noise).reconstruction)
    }

    private func noise(for images: Tensor, generator: Generator) throws -> Tensor {
        try .normal([images.shape[0], autoencoder.latentSize], generator: generator, device: images.device)
    }
}
