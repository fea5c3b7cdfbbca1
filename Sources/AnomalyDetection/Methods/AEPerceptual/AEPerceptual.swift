import Catalogue
import Torch

/// AE-PL: the common autoencoder, trained with and scored by a relative distance of features (Tuluptceva et al., 2020):
/// F = |f(x) - f(x̂)| / mean |f(x)|, where f is a pretrained network whose features are standardised channel by channel The denominator is one number an image, through which no gradient goes.
///
/// The study divides by statistics of ImageNet's features that come with its code; here they are those of the job's own
/// training images, measured once before the first step.
final class AEPerceptual: Model {
    /// What is trained and saved.
    final class Parts: Module {
        let autoencoder: Autoencoder
        let statistics: FeatureStatistics

        init(autoencoder: Autoencoder, statistics: FeatureStatistics) {
            self.autoencoder = autoencoder
            self.statistics = statistics
            super.init()
        }
    }

    let parts: Parts
    let backbone: any FeatureNetwork
    private let settings: MethodSettings

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        let autoencoder = try Autoencoder(BackboneShape(settings), generator: context.generator)
        backbone = try Backbone.network(settings, context: context)
        parts = Parts(autoencoder: autoencoder, statistics: try FeatureStatistics(channels: backbone.channels.last!))
    }

    var network: Module { parts }
    var constants: [Module] { [backbone] }

    var stages: [Stage] {
        get throws {
            [
                parts.statistics.stage { try self.features($0) },
                try .training(settings, of: network) { images, _ in try self.loss(images) },
            ]
        }
    }

    func loss(_ images: Tensor) throws -> Tensor { try distance(images, parts.autoencoder(images)).mean() }

    func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? { try parts.autoencoder(images) }

    /// F, `[N, C, S/8, S/8]`.
    func distance(_ images: Tensor, _ reconstructions: Tensor) throws -> Tensor {
        // Neither images nor backbone are trained, so that nothing is recorded of these; both are computed in the same way.
        let wanted = try parts.statistics.standardised(features(images))
        let given = try parts.statistics.standardised(features(reconstructions))
        return try (wanted - given).absolute() / wanted.absolute().mean(axes: [1, 2, 3], keepingDimensions: true)
    }

    /// The backbone's deepest features of images in -1...1; grey ones become three equal channels.
    private func features(_ images: Tensor) throws -> Tensor {
        let colour = images.shape[1] == 3 ? images : try .concatenated([images, images, images], axis: 1)
        let levels = try backbone.features(ImageNormalisation.imageNet(fromSymmetric: colour))
        return levels[levels.count - 1]
    }
}

extension Method {
    static let aePerceptual = Method(
        .aePerceptual,
        small: ["input_size": 16, "epochs": 2, "hidden_size": 8, "batch_size": 4, "backbone": "efficientnet-lite0", "weights": "random"],
        model: AEPerceptual.self
    ) { model, settings, _ in
        try MapScorer(settings) { images, _ in
            let distance = try model.distance(images, model.parts.autoencoder(images)).mean(axes: [1], keepingDimensions: true)
            return .init(try distance.resizedBilinear(height: images.shape[2], width: images.shape[3]))
        }
    }
}
