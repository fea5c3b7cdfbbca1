import Torch

/// AE-l1: the common autoencoder, trained with and scored by mean(|e|), e = x - x̂ (specification 2.2).
public final class AEL1: ReconstructionMethod, SingleLossMethod {
    public static let name = "ae-l1"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(
            settings, autoencoder: Autoencoder(BackboneShape(settings), generator: generator), distance: .absolute)
    }
}
