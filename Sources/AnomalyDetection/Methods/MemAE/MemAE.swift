import Catalogue
import Torch

/// MemAE: memory-augmented autoencoder (Gong et al., 2019), trained with mean(e²) + w H, H being the mean over the batch
/// of the entropy -Σ a log(a + 1e-12) of the memory's weights; scored by e².
final class MemAE: Model {
    let autoencoder: MemoryAutoencoder
    private let settings: MethodSettings
    private let weight: Double

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        weight = try settings[MemAEOptions.entropyWeight]
        autoencoder = try MemoryAutoencoder(
            BackboneShape(settings), slots: settings[MemAEOptions.memorySize],
            shrinkThreshold: settings[MemAEOptions.shrinkThreshold], generator: context.generator)
    }

    var network: Module { autoencoder }

    var stages: [Stage] {
        get throws { [try .training(settings, of: network) { images, _ in try self.loss(images) }] }
    }

    func loss(_ images: Tensor) throws -> Tensor {
        let (reconstruction, attention) = try autoencoder(images)
        return try Distance.squared.loss(images, reconstruction) + MemAE.entropy(attention) * weight
    }

    /// The mean entropy of weights `[N, slots]`.
    static func entropy(_ attention: Tensor) throws -> Tensor {
        try (attention * (attention + 1e-12).logarithm()).sum(axes: [1]).mean().negated()
    }

    func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try autoencoder(images).reconstruction
    }
}

extension Method {
    static let memAE = Method(
        .memAE, small: Settings.smallAutoencoder.merging(["memory_size": 5]) { $1 }, model: MemAE.self
    ) { model, settings, _ in
        try MapScorer(settings) { images, _ in
            .init(try Distance.squared.map(images, model.autoencoder(images).reconstruction))
        }
    }
}
