import Catalogue
import Torch

/// SimpleNet (Liu et al., 2023): a discriminator learns to tell adapted features of normal patches from the same with noise.
final class SimpleNet: Model {
    final class Parts: Module {
        let adaptor: Linear
        let hidden: Sequential
        let output: Linear

        init(width: Int, hiddenSize: Int, generator: Generator) throws(TorchError) {
            adaptor = try Linear(width, width, generator: generator)
            let first = try Linear(width, hiddenSize, generator: generator)
            hidden = Sequential([first, try BatchNorm(hiddenSize), LeakyReLU(slope: 0.2)])
            output = try Linear(hiddenSize, 1, bias: false, generator: generator)
            super.init()
            // Weights of the normal distribution (Glorot and Bengio, 2010); biases as PyTorch begins them.
            for weight in [adaptor.weight, first.weight, output.weight] {
                let shape = weight.tensor.shape
                let deviation = (2 / Double(shape[0] + shape[1])).squareRoot()
                try weight.tensor.fillNormal(mean: 0, deviation: deviation, generator: generator)
            }
        }

        /// D of adapted features `[n, C]`: `[n, 1]`.
        func discriminate(_ features: Tensor) throws(TorchError) -> Tensor { try output(hidden(features)) }
    }

    let parts: Parts
    let embedding: PatchEmbedding
    let normalisation: ImageNormalisation
    private let settings: MethodSettings
    private let noise: Double
    private let margin: Double

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        let width = try settings[SimpleNetOptions.width]
        embedding = PatchEmbedding(
            backbone: try Backbone.network(settings, context: context, reach: .sixteenth), kind: .original, pooledWidth: width)
        parts = try Parts(width: width, hiddenSize: settings[SimpleNetOptions.hiddenSize], generator: context.generator)
        normalisation = try settings[BackboneOptions.backbone].normalisation
        noise = try settings[SimpleNetOptions.noise]
        margin = try settings[SimpleNetOptions.margin]
    }

    var network: Module { parts }
    var constants: [Module] { [embedding.backbone] }

    var stages: [Stage] {
        get throws {
            let (parts, learningRate) = (parts, try settings.learningRate)
            return [
                .gradient(
                    GradientStage(
                        length: try settings.epochs, batchSize: try settings.batchSize,
                        optimisers: {
                            let all = parts.trainableParameters
                            let adaptor = all.filter { $0.name.hasPrefix("adaptor.") }
                            let discriminator = all.filter { !$0.name.hasPrefix("adaptor.") }
                            return Optimisers([
                                ("adaptor", try AdamW(adaptor, learningRate: learningRate / 2)),
                                ("discriminator", try Adam(discriminator, learningRate: learningRate, weightDecay: 1e-5)),
                            ])
                        }
                    ) { batch, optimisers, generator in
                        let patches = try Tensor.withoutGradients { try self.embedding(batch.images) }
                        let noise = try Tensor.normal(patches.shape, generator: generator, device: patches.device) * self.noise
                        let loss = try self.loss(patches, noise: noise)
                        try optimisers.step(minimising: loss)
                        return try loss.detached()
                    })
            ]
        }
    }

    /// - Parameters:
    ///   - patches: `[n, C]`
    ///   - noise: what is added to the adapted ones, of the same shape.
    func loss(_ patches: Tensor, noise: Tensor) throws -> Tensor {
        let adapted = try parts.adaptor(patches)
        // Both together, so that batch normalisation does not tell them apart.
        let scores = try parts.discriminate(.concatenated([adapted, adapted + noise]))
        let count = patches.shape[0]
        let normal = try scores.narrowed(axis: 0, start: 0, length: count)
        let abnormal = try scores.narrowed(axis: 0, start: count, length: count)
        return try (margin - normal).rectified().mean() + (abnormal + margin).rectified().mean()
    }

    /// -D of every patch, `[N, 1, S/8, S/8]`.
    func map(_ images: Tensor) throws -> Tensor {
        let (count, side) = (images.shape[0], images.shape[3] / 8)
        return try parts.discriminate(parts.adaptor(embedding(images))).negated().reshaped([count, 1, side, side])
    }
}

extension Method {
    static let simpleNet = Method(
        .simpleNet,
        small: smallFeatures.merging([
            "epochs": 2, "batch_size": 4, "embedding_size": 24, "hidden_size": 8, "map_smoothing": 1,
        ]) { $1 },
        model: SimpleNet.self
    ) { model, settings, _ in
        let smoothing = try GaussianSmoothing(settings)
        return try MapScorer(settings, batchSize: 8) { images, _ in
            let map = try model.map(images)
            return .init(try smoothing(map.resizedBilinear(height: images.shape[2], width: images.shape[3])), readFrom: map)
        }
    }
}
