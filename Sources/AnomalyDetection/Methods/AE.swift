import Torch

/// AE: the common autoencoder, trained with and scored by mean(e²), e = x - x̂ (specification 2.2).
public final class AE: ReconstructionMethod, SingleLossMethod {
    public static let name = "ae"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(
            settings, autoencoder: Autoencoder(BackboneShape(settings), generator: generator), distance: .squared)
    }
}
