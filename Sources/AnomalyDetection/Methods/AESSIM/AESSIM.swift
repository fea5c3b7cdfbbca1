import Catalogue
import Torch

/// AE-SSIM: the common autoencoder, trained with and scored by mean(1 - SSIM) (Bergmann et al., 2019).
final class AESSIM: ReconstructionModel {
    override class var distance: Distance { .structural }

    /// SSIM's window leaves a map that is 10 pixels smaller than the image. The study stretches it over the image, which moves
    /// every value but those in the middle by up to 5 pixels; this one leaves each at its pixel and repeats the edge.
    func placedScorer(_ settings: MethodSettings) throws -> MapScorer {
        try MapScorer(settings) { images, _ in
            let map = try StructuralSimilarity().dissimilarity(images, self.autoencoder(images))
                .mean(axes: [1], keepingDimensions: true)
            let margin = (images.shape[3] - map.shape[3]) / 2
            return .init(try ReplicationPad(margin)(map), readFrom: map)
        }
    }
}

extension Method {
    static let aeSSIM = Method(.aeSSIM, small: .smallAutoencoder, model: AESSIM.self) { model, settings, _ in
        try settings[AESSIMOptions.mapStretching] ? model.residualScorer(settings) : model.placedScorer(settings)
    }
}
