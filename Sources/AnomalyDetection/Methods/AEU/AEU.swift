import Catalogue
import Torch

/// AE-U (Mao et al., 2020): the decoder gives x̂ and s, the logarithm of each pixel's variance. Trained with
/// mean(exp(-s) e² + s), scored by exp(-s) e².
final class AEU: Model {
    let autoencoder: Autoencoder
    private let settings: MethodSettings

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        let shape = try BackboneShape(settings)
        autoencoder = try Autoencoder(shape, outputs: 2 * shape.channels, generator: context.generator)
    }

    var network: Module { autoencoder }

    var stages: [Stage] {
        get throws { [try .training(settings, of: network) { images, _ in try self.loss(images) }] }
    }

    func loss(_ images: Tensor) throws -> Tensor {
        let (error, logVariance) = try weightedError(images)
        return try (error + logVariance).mean()
    }

    func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try autoencoder(images).narrowed(axis: 1, start: 0, length: images.shape[1])
    }

    /// exp(-s) e² and s, both `[N, C, S, S]`.
    func weightedError(_ images: Tensor) throws -> (error: Tensor, logVariance: Tensor) {
        let output = try autoencoder(images)
        let channels = images.shape[1]
        let reconstruction = try output.narrowed(axis: 1, start: 0, length: channels)
        let logVariance = try output.narrowed(axis: 1, start: channels, length: channels)
        return (try logVariance.negated().exponential() * (images - reconstruction).squared(), logVariance)
    }
}

extension Method {
    static let aeU = Method(.aeU, small: .smallAutoencoder, model: AEU.self) { model, settings, _ in
        try MapScorer(settings) { images, _ in
            .init(try model.weightedError(images).error.mean(axes: [1], keepingDimensions: true))
        }
    }
}
