import Torch

/// VAE-Grad_KL: trained as VAE; scored by |∂ KL / ∂x| (specification 2.2).
public final class VAEGradKL: VariationalMethod, SingleLossMethod {
    public static let name = "vae-grad-kl"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(settings, generator: generator)
    }

    public var scoresByGradients: Bool { true }

    override func scoreMap(_ images: Tensor, noise: Tensor) throws -> Tensor {
        try divergenceGradient(images).mean(axes: [1], keepingDimensions: true)
    }
}
