import Torch

/// VAE-Grad_ELBO: trained as VAE; scored by |∂ (mean(e²) + w KL) / ∂x| of one draw of the code (specification 2.2).
public final class VAEGradELBO: VariationalMethod, SingleLossMethod {
    public static let name = "vae-grad-elbo"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(settings, generator: generator)
    }

    public var scoresByGradients: Bool { true }

    override func scoreMap(_ images: Tensor, noise: Tensor) throws -> Tensor {
        let gradient = try GradientMap.magnitude(images) { try loss($0, noise: noise) }
        return try gradient.mean(axes: [1], keepingDimensions: true)
    }
}
