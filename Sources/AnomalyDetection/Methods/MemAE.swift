import Torch

/// MemAE: memory-augmented autoencoder (Gong et al., 2019), trained with mean(e²) + w H, H being the mean over the batch
/// of the entropy -Σ a log(a + 1e-12) of the memory's weights; scored by e² (specification 2.2).
public final class MemAE: SingleLossMethod {
    public static let name = "memae"

    let autoencoder: MemoryAutoencoder
    private let weight: Double
    public let length: TrainingLength

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        weight = try settings.number("entropy_weight")
        length = .epochs(try settings.integer("epochs"))
        autoencoder = try MemoryAutoencoder(
            BackboneShape(settings), slots: settings.integer("memory_size"),
            shrinkThreshold: settings.number("shrink_threshold"), generator: generator)
    }

    public var network: Module { autoencoder }

    public func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        let (reconstruction, attention) = try autoencoder(images)
        return try Distance.squared.loss(images, reconstruction) + MemAE.entropy(attention) * weight
    }

    /// The mean entropy of weights `[N, slots]`.
    static func entropy(_ attention: Tensor) throws -> Tensor {
        try (attention * (attention + 1e-12).logarithm()).sum(axes: [1]).mean().negated()
    }

    public func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        try AnomalyScores(map: Distance.squared.map(images, autoencoder(images).reconstruction))
    }

    public func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try autoencoder(images).reconstruction
    }
}
