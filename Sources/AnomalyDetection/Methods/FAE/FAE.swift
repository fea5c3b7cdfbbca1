import Catalogue
import Torch

/// FAE: an autoencoder that reconstructs features of a pretrained network instead of images (Meissen et al.,
/// 2022). Features of several depths are brought to a quarter of the image's side and put together.
///
/// In the study the pretrained network is a part of the trained one, so that its batch normalisation is in training mode too:
/// its weights are frozen, its running statistics drift towards the training images. `extractor: eval` leaves it as it is.
class FAE: Model {
    /// What is trained and saved; the extractor's statistics change too.
    final class Parts: Module {
        let autoencoder: FeatureAutoencoder
        let extractor: any FeatureNetwork

        init(autoencoder: FeatureAutoencoder, extractor: any FeatureNetwork) {
            self.autoencoder = autoencoder
            self.extractor = extractor
            super.init()
        }
    }

    final let parts: Parts
    private let settings: MethodSettings
    private let extractorDrifts: Bool
    private let dropout: Double
    final let normalisation = ImageNormalisation.imageNet

    /// How far reconstructed features are from theirs.
    class var distance: FeatureDistance { .squared }

    required init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        let extractor = try Backbone.network(settings, context: context)
        parts = Parts(
            autoencoder: try FeatureAutoencoder(channels: extractor.channels.reduce(0, +), generator: context.generator),
            extractor: extractor)
        extractorDrifts = try settings[FAEOptions.extractor] == .train
        dropout = try settings[FAEOptions.dropout]
        guard try settings.inputSize % 64 == 0 else {
            throw TrainingError("input_size is not a multiple of 64, but its quarter is halved four times; use 64, 128 or 256")
        }
    }

    final var network: Module { parts }

    final var stages: [Stage] {
        get throws {
            [
                try .training(settings, length: .steps(settings[FAEOptions.steps]), of: network) { images, generator in
                    let factors = self.dropout == 0 ? [] : try self.parts.autoencoder.dropout(
                        probability: self.dropout, count: images.shape[0], generator: generator, device: images.device)
                    return try self.loss(images, dropout: factors)
                }
            ]
        }
    }

    /// - Parameter dropout: as ``FeatureAutoencoder/dropout(probability:count:generator:device:)`` gives it.
    final func loss(_ images: Tensor, dropout: [Tensor]) throws -> Tensor {
        let features = try features(images)
        return try Self.distance.loss(features, parts.autoencoder(features, dropout: dropout))
    }

    final func scorer(_ settings: MethodSettings) throws -> MapScorer {
        try MapScorer(settings) { images, _ in
            let features = try self.features(images)
            let map = try Self.distance.map(features, self.parts.autoencoder(features))
            return .init(
                try map.resizedBilinear(height: images.shape[2], width: images.shape[3], aligningCorners: true), readFrom: map)
        }
    }

    /// All levels in one, `[N, C, S/4, S/4]`.
    final func features(_ images: Tensor) throws -> Tensor {
        if !extractorDrifts { parts.extractor.train(false) }
        return try Tensor.withoutGradients {
            let (height, width) = (images.shape[2] / 4, images.shape[3] / 4)
            let levels = try parts.extractor.features(images)
            return try .concatenated(
                levels.map { try $0.resizedBilinear(height: height, width: width, aligningCorners: true) }, axis: 1)
        }
    }
}

/// FAE-MSE: trained with and scored by mean (f - f̂)².
final class FAEMSE: FAE {}

/// FAE-SSIM: trained with and scored by mean -SSIM(f, f̂).
final class FAESSIM: FAE {
    override class var distance: FeatureDistance { .structural }
}

extension Method {
    static let faeMSE = Method(.faeMSE, small: small, model: FAEMSE.self) { model, settings, _ in try model.scorer(settings) }
    static let faeSSIM = Method(.faeSSIM, small: small, model: FAESSIM.self) { model, settings, _ in try model.scorer(settings) }

    private static let small: Settings = [
        "input_size": 64, "steps": 4, "batch_size": 4, "backbone": "efficientnet-lite0", "weights": "random",
    ]
}
