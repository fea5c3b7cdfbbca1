import Torch

/// AE-PL: the common autoencoder, trained with and scored by a relative distance of features (Tuluptceva et al., 2020):
/// F = |f(x) - f(x̂)| / mean |f(x)|, where f is a pretrained network whose features are standardised channel by channel
/// (specification 2.2). The denominator is one number an image, through which no gradient goes.
///
/// The study divides by statistics of ImageNet's features that come with its code; here they are those of the job's own
/// training images, measured once before the first step.
public final class AEPerceptual: SingleLossMethod {
    public static let name = "ae-perceptual"

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
    /// Outside of what is saved, for it never changes.
    let backbone: any FeatureNetwork
    public let length: TrainingLength

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        let autoencoder = try Autoencoder(BackboneShape(settings), generator: generator)
        backbone = try Backbone.network(settings, weights: weights, generator: generator)
        parts = Parts(autoencoder: autoencoder, statistics: try FeatureStatistics(channels: backbone.channels.last!))
        length = .epochs(try settings.integer("epochs"))
    }

    public var network: Module { parts }

    public func prepare(_ images: ImageBatches) throws {
        try parts.statistics.measure(images, batchSize: scoringBatchSize) { try features($0) }
    }

    public func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        try distance(images, parts.autoencoder(images)).mean()
    }

    public func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let distance = try distance(images, parts.autoencoder(images)).mean(axes: [1], keepingDimensions: true)
        return try AnomalyScores(map: distance.resizedBilinear(height: images.shape[2], width: images.shape[3]))
    }

    public func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? { try parts.autoencoder(images) }

    /// F, `[N, C, S/8, S/8]`.
    func distance(_ images: Tensor, _ reconstructions: Tensor) throws -> Tensor {
        let wanted = try Tensor.withoutGradients { try parts.statistics.standardised(features(images)) }
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
