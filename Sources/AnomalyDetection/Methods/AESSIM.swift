import Torch

/// AE-SSIM: the common autoencoder, trained with and scored by mean(1 - SSIM), e = x - x̂ (specification 2.2).
public final class AESSIM: ReconstructionMethod, SingleLossMethod {
    public static let name = "ae-ssim"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(
            settings, autoencoder: Autoencoder(BackboneShape(settings), generator: generator), distance: .structural)
    }
}
