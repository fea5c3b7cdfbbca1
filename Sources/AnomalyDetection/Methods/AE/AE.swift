import Catalogue
import Torch

/// AE: the common autoencoder, trained with and scored by mean(e²), e = x - x̂.
final class AE: ReconstructionModel {}

extension Method {
    static let ae = Method(.ae, small: .smallAutoencoder, model: AE.self) { model, settings, _ in try model.residualScorer(settings) }
}
