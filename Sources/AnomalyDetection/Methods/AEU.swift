import Torch

/// AE-U (Mao et al., 2020): the decoder gives x̂ and s, the logarithm of each pixel's variance. Trained with
/// mean(exp(-s) e² + s), scored by exp(-s) e² (specification 2.2).
public final class AEU: SingleLossMethod {
    public static let name = "ae-u"

    let autoencoder: Autoencoder
    public let length: TrainingLength

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        let shape = try BackboneShape(settings)
        length = .epochs(try settings.integer("epochs"))
        autoencoder = try Autoencoder(shape, outputs: 2 * shape.channels, generator: generator)
    }

    public var network: Module { autoencoder }

    public func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        let (error, logVariance) = try weightedError(images)
        return try (error + logVariance).mean()
    }

    public func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        try AnomalyScores(map: weightedError(images).error.mean(axes: [1], keepingDimensions: true))
    }

    public func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try autoencoder(images).narrowed(axis: 1, start: 0, length: images.shape[1])
    }

    /// exp(-s) e² and s, both `[N, C, S, S]`.
    private func weightedError(_ images: Tensor) throws -> (error: Tensor, logVariance: Tensor) {
        let output = try autoencoder(images)
        let channels = images.shape[1]
        let reconstruction = try output.narrowed(axis: 1, start: 0, length: channels)
        let logVariance = try output.narrowed(axis: 1, start: channels, length: channels)
        return (try logVariance.negated().exponential() * (images - reconstruction).squared(), logVariance)
    }
}
