import Torch

/// FAE: an autoencoder that reconstructs features of a pretrained network instead of images (Meissen et al., 2022;
/// specification 2.5). Features of several depths are brought to a quarter of the image's side and put together.
///
/// In the study the pretrained network is a part of the trained one, so that its batch normalisation is in training mode too:
/// its weights are frozen, its running statistics drift towards the training images. `extractor: eval` leaves it as it is.
public class FeatureReconstructionMethod {
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

    let parts: Parts
    private let distance: FeatureDistance
    private let extractorDrifts: Bool
    private let dropout: Double
    public final let length: TrainingLength
    public final let normalisation = ImageNormalisation.imageNet

    init(_ settings: MethodSettings, distance: FeatureDistance, weights: PretrainedWeights, generator: Generator) throws {
        let extractor = try Backbone.network(settings, weights: weights, generator: generator)
        parts = Parts(
            autoencoder: try FeatureAutoencoder(channels: extractor.channels.reduce(0, +), generator: generator),
            extractor: extractor)
        self.distance = distance
        extractorDrifts = try settings.text("extractor") == "train"
        dropout = try settings.number("dropout")
        length = .steps(try settings.integer("steps"))
        guard try settings.integer("input_size") % 64 == 0 else {
            throw TrainingError("input_size is not a multiple of 64, but its quarter is halved four times; use 64, 128 or 256")
        }
    }

    public final var network: Module { parts }

    public final func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        let factors = dropout == 0 ? [] : try parts.autoencoder.dropout(
            probability: dropout, count: images.shape[0], generator: generator, device: images.device)
        return try loss(images, dropout: factors)
    }

    /// - Parameter dropout: as ``FeatureAutoencoder/dropout(probability:count:generator:device:)`` gives it.
    final func loss(_ images: Tensor, dropout: [Tensor]) throws -> Tensor {
        let features = try features(images)
        return try distance.loss(features, parts.autoencoder(features, dropout: dropout))
    }

    public final func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let features = try features(images)
        let map = try distance.map(features, parts.autoencoder(features))
        return AnomalyScores(
            scores: try map.mean(axes: [1, 2, 3]),
            map: try map.resizedBilinear(height: images.shape[2], width: images.shape[3], aligningCorners: true))
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

/// How far reconstructed features are from theirs.
enum FeatureDistance {
    /// (f - f̂)²
    case squared
    /// -SSIM with a window of 5 and zeros around the features, which are taken as they are.
    case structural

    /// Images whose SSIM is computed at once: what it keeps meanwhile is some twenty times the features, of which 64 images at the
    /// study's size have 64 MiB.
    private static let imagesAtOnce = 8

    /// Where the images of a batch begin that are looked at together, and how many they are.
    private func parts(of count: Int) -> [(start: Int, length: Int)] {
        guard case .structural = self else { return [(0, count)] }
        return stride(from: 0, to: count, by: Self.imagesAtOnce).map { ($0, min(Self.imagesAtOnce, count - $0)) }
    }

    /// The mean over channels, `[N, 1, H, W]`.
    func map(_ features: Tensor, _ reconstructions: Tensor) throws(TorchError) -> Tensor {
        let maps = try parts(of: features.shape[0]).map { start, length throws(TorchError) in
            let part = try reconstructions.narrowed(axis: 0, start: start, length: length)
            return try elements(features.narrowed(axis: 0, start: start, length: length), part).mean(axes: [1], keepingDimensions: true)
        }
        return try .concatenated(maps)
    }

    /// The mean of all elements, a scalar.
    func loss(_ features: Tensor, _ reconstructions: Tensor) throws -> Tensor {
        let parts = parts(of: features.shape[0])
        guard parts.count > 1 else { return try elements(features, reconstructions).mean() }
        // No image has a part in another's similarity: their slopes are computed a few at a time, and handed on as those of a
        // sum whose value is nothing.
        let elementCount = Double(features.shape.reduce(1, *))
        var value = 0.0
        var slopes: [Tensor] = []
        for (start, length) in parts {
            let part = try reconstructions.narrowed(axis: 0, start: start, length: length).detached().requireGradient()
            let loss = try elements(features.narrowed(axis: 0, start: start, length: length), part).sum() * (1 / elementCount)
            guard let slope = try loss.gradients(of: [part])[0] else { throw TrainingError("SSIM has no slope") }
            slopes.append(slope)
            value += try loss.item()
        }
        let carrier = try (reconstructions * .concatenated(slopes)).sum()
        return try carrier - carrier.detached() + value
    }

    /// `[N, C, H, W]`
    func elements(_ features: Tensor, _ reconstructions: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .squared: try (features - reconstructions).squared()
        case .structural: try StructuralSimilarity(windowSize: 5, padding: 2).similarity(features, reconstructions).negated()
        }
    }
}
