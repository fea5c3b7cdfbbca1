import Torch

/// FAE-SSIM: an autoencoder of pretrained features, trained with and scored by mean -SSIM(f, f̂) (specification 2.5).
public final class FAESSIM: FeatureReconstructionMethod, SingleLossMethod {
    public static let name = "fae-ssim"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(settings, distance: .structural, weights: weights, generator: generator)
    }
}
