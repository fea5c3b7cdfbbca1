import Torch

/// VAE: the variational autoencoder, scored by e² of one draw of the code (specification 2.2).
public final class VAE: VariationalMethod, SingleLossMethod {
    public static let name = "vae"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(settings, generator: generator)
    }
}
