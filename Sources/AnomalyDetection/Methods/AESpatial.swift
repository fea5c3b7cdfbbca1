import Torch

/// AE-Spatial: the autoencoder with a convolutional bottleneck, trained with and scored by mean(e²) (specification 2.1,
/// 2.2).
public final class AESpatial: ReconstructionMethod, SingleLossMethod {
    public static let name = "ae-spatial"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(
            settings, autoencoder: SpatialAutoencoder(BackboneShape(settings), generator: generator), distance: .squared)
    }
}
