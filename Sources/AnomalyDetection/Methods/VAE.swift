import Torch

/// VAE: variational autoencoder (Kingma and Welling, 2014), trained with mean(e²) + w KL, where KL is the mean over
/// batch and code of -½ (1 + s - μ² - exp s); scored by e² of one draw of the code, since the study samples at
/// test time too (specification 2.2).
public final class VAE: SingleLossMethod {
    public static let name = "vae"

    let autoencoder: VariationalAutoencoder
    private let weight: Double
    public let length: TrainingLength

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        weight = try settings.number("kl_weight")
        length = .epochs(try settings.integer("epochs"))
        autoencoder = try VariationalAutoencoder(BackboneShape(settings), generator: generator)
    }

    public var network: Module { autoencoder }

    public func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        try loss(images, noise: noise(for: images, generator: generator))
    }

    public func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        try AnomalyScores(map: scoreMap(images, noise: noise(for: images, generator: generator)))
    }

    func loss(_ images: Tensor, noise: Tensor) throws -> Tensor {
        let output = try autoencoder(images, noise: noise)
        let (mean, logVariance) = (output.mean, output.logVariance)
        let divergence = try (logVariance + 1 - mean.squared() - logVariance.exponential()).mean() * -0.5
        return try Distance.squared.loss(images, output.reconstruction) + divergence * weight
    }

    func scoreMap(_ images: Tensor, noise: Tensor) throws -> Tensor {
        try Distance.squared.map(images, autoencoder(images, noise: noise).reconstruction)
    }

    private func noise(for images: Tensor, generator: Generator) throws -> Tensor {
        try .normal([images.shape[0], autoencoder.latentSize], generator: generator, device: images.device)
    }
}
