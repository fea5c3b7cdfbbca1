import Torch

/// FAE-MSE: an autoencoder of pretrained features, trained with and scored by mean (f - f̂)² (specification 2.5).
public final class FAEMSE: FeatureReconstructionMethod, SingleLossMethod {
    public static let name = "fae-mse"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(settings, distance: .squared, weights: weights, generator: generator)
    }
}
