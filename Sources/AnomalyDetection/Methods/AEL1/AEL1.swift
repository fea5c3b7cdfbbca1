import Catalogue
import Torch

/// AE-l1: the common autoencoder, trained with and scored by mean(|e|), e = x - x̂.
final class AEL1: ReconstructionModel {
    override class var distance: Distance { .absolute }
}

extension Method {
    static let aeL1 = Method(.aeL1, small: .smallAutoencoder, model: AEL1.self) { model, settings, _ in
        try model.residualScorer(settings)
    }
}
