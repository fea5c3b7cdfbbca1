import Torch

/// AE-SSIM: the common autoencoder, trained with and scored by mean(1 - SSIM), e = x - x̂ (specification 2.2).
///
/// SSIM's window leaves a map that is 10 pixels smaller than the image. The study stretches it over the image, which moves every
/// value but those in the middle by up to 5 pixels; `map_stretching: false` leaves each at its pixel.
public final class AESSIM: ReconstructionMethod, SingleLossMethod {
    public static let name = "ae-ssim"

    private let isStretched: Bool
    private let similarity = StructuralSimilarity()

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        isStretched = try settings.boolean("map_stretching", default: true)
        try super.init(
            settings, autoencoder: Autoencoder(BackboneShape(settings), generator: generator), distance: .structural)
    }

    public override func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        guard !isStretched else { return try super.scores(images, generator: generator) }
        let map = try similarity.dissimilarity(images, autoencoder(images)).mean(axes: [1], keepingDimensions: true)
        let margin = (images.shape[3] - map.shape[3]) / 2
        return AnomalyScores(scores: try map.mean(axes: [1, 2, 3]), map: try ReplicationPad(margin)(map))
    }
}
