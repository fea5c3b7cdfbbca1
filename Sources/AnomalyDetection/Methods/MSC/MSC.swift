import Catalogue
import ImageTransforms
import Torch

/// MSC (Reiss and Hoshen, 2023): contrastive training of a pretrained network, with angles measured at the centre of the normal
/// images' features.
final class MSC: PooledFeatures {
    final class Parts: Module {
        let backbone: any FeatureNetwork
        /// The mean of the normalised features before the first step, `[C]`.
        let centre: Buffer

        init(backbone: any FeatureNetwork) throws(TorchError) {
            self.backbone = backbone
            centre = Buffer(try .zeros([backbone.channels[backbone.channels.count - 1]]))
            super.init()
        }
    }

    let parts: Parts
    let normalisation: ImageNormalisation
    private let settings: MethodSettings
    private let count: Int
    private let temperature: Double

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        count = context.data.count
        temperature = try settings[MSCOptions.temperature]
        parts = try Parts(backbone: Backbone.trainable(settings, context: context, reach: .whole))
        normalisation = try settings[BackboneOptions.backbone].normalisation
    }

    /// Views of 224 pixels are cut from 256.
    static func storedSide(_ settings: MethodSettings) throws -> Int { try settings.inputSize * 8 / 7 }

    var network: Module { parts }
    var width: Int { parts.centre.tensor.count }
    var comparesRawFeatures: Bool { false }
    var cacheKey: [String]? { nil }

    func pooled(_ images: Tensor) throws -> Tensor { try parts.backbone.pooled(images) }

    private var input: StageInput {
        get throws {
            let side = try settings.inputSize
            let jitter = ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1)
            let view = TransformedView(
                try TransformSequence([
                    .randomResizedCrop(RandomResizedCrop(size: ImageSize(side: side), scale: 0.2...1)),
                    .sometimes(.colorJitter(jitter), probability: 0.8),
                    .randomGrey(probability: 0.2),
                    .sometimes(.gaussianBlur(radius: 0.1...2), probability: 0.5),
                    .horizontalFlip(probability: 0.5),
                ]))
            return StageInput(views: [view, view], side: side)
        }
    }

    var stages: [Stage] {
        get throws {
            let (parts, learningRate, count) = (parts, try settings.learningRate, count)
            return [
                .fit(
                    FitStage("centre", batchSize: 32, begin: { _ in try parts.centre.tensor.fill(0) }) { images, _ in
                        try parts.centre.tensor.accumulate(self.pooled(images).normalised(axis: 1).sum(axes: [0]) / Double(count))
                    }),
                .gradient(
                    GradientStage(
                        length: try settings.epochs, batchSize: try settings.batchSize, input: try input,
                        optimisers: {
                            try Optimisers(SGD(parts.backbone.trainableParameters, learningRate: learningRate, weightDecay: 5e-5))
                        }
                    ) { batch, optimisers, _ in
                        let loss = try self.loss(batch.images)
                        try optimisers.only.step(minimising: loss)
                        return try loss.detached()
                    }),
            ]
        }
    }

    /// - Parameter views: the first view of all images, then the second: `[2 N, 3, S, S]`.
    func loss(_ views: Tensor) throws -> Tensor {
        // Batch normalisation goes by the pretrained statistics throughout, so that the views may go through together.
        parts.backbone.train(false)
        let count = views.shape[0] / 2
        let around = try (pooled(views).normalised(axis: 1) - parts.centre.tensor).normalised(axis: 1)
        let others = try 1 - Tensor.identity(2 * count, device: views.device)
        let similarities = try around.multipliedMatrix(transposed: around).to(.float) / temperature
        // Of one less than the largest there can be, exp never overflows, however low the temperature.
        let sums = try ((similarities - 1 / temperature).exponential() * others).sum(axes: [1]).logarithm() + 1 / temperature
        let first = try around.narrowed(axis: 0, start: 0, length: count)
        let second = try around.narrowed(axis: 0, start: count, length: count)
        let positive = try (first * second).sum(axes: [1]) / temperature
        return try sums.mean() - positive.mean()
    }
}

extension Method {
    static let msc = Method(
        // A network of drawn weights sees little difference between images, and would leap.
        .msc, small: smallFeatures.merging(["epochs": 2, "batch_size": 4, "learning_rate": 1e-6]) { $1 }, model: MSC.self
    ) { try DensityScorer($0, $1, $2) }
}
