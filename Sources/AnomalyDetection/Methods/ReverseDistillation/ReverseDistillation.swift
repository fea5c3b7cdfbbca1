import Catalogue
import Torch

/// RD (Deng and Li, 2022): a decoder learns to give a pretrained network's features back from a small embedding of them, as far as
/// normal images have them.
final class ReverseDistillation: Model {
    final class Parts: Module {
        let embedding: OneClassEmbedding
        let decoder: MirroredDecoder

        init(channels: [Int], _ settings: MethodSettings, generator: Generator) throws {
            embedding = try OneClassEmbedding(
                channels: channels, width: settings[ReverseDistillationOptions.bottleneckWidth], generator: generator)
            decoder = try MirroredDecoder(channels: channels, generator: generator)
            super.init()
        }

        func callAsFunction(_ levels: [Tensor]) throws(TorchError) -> [Tensor] { try decoder(embedding(levels)) }
    }

    let parts: Parts
    let teacher: any FeatureNetwork
    let normalisation: ImageNormalisation
    private let settings: MethodSettings

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        teacher = try Backbone.network(settings, context: context, reach: .sixteenth)
        parts = try Parts(channels: teacher.channels.suffix(3), settings, generator: context.generator)
        normalisation = try settings[BackboneOptions.backbone].normalisation
    }

    var network: Module { parts }
    var constants: [Module] { [teacher] }

    var stages: [Stage] {
        get throws {
            let (parts, learningRate) = (parts, try settings.learningRate)
            return [
                .gradient(
                    GradientStage(
                        length: try settings.epochs, batchSize: try settings.batchSize,
                        optimisers: { try Optimisers(Adam(parts.trainableParameters, learningRate: learningRate, beta1: 0.5)) }
                    ) { batch, optimisers, _ in
                        let loss = try self.loss(batch.images)
                        try optimisers.only.step(minimising: loss)
                        return try loss.detached()
                    })
            ]
        }
    }

    func loss(_ images: Tensor) throws -> Tensor {
        let levels = try Tensor.withoutGradients { try teacher.levels(images) }
        return try CosineDistance.loss(levels, parts(levels))
    }

    func map(_ images: Tensor) throws -> Tensor {
        let levels = try teacher.levels(images)
        return try CosineDistance.map(levels, parts(levels), side: images.shape[3])
    }
}

extension MapScorer {
    /// A map that is smoothed before it is read.
    convenience init(smoothing settings: MethodSettings, batchSize: Int = 16, map: @escaping (Tensor) throws -> Tensor) throws {
        let smoothing = try GaussianSmoothing(settings)
        try self.init(settings, batchSize: batchSize) { images, _ in .init(try smoothing(map(images))) }
    }
}

extension Method {
    static let rd = Method(.rd, small: smallDistillation, model: ReverseDistillation.self) { model, settings, _ in
        try MapScorer(smoothing: settings) { try model.map($0) }
    }

    static let smallDistillation: Settings = smallFeatures.merging([
        "epochs": 1, "batch_size": 4, "bottleneck_width": 16, "map_smoothing": 1,
    ]) { $1 }
}
