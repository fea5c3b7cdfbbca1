import Torch

/// VAE-Grad_combi: trained as VAE; scored by e² |∂ KL / ∂x| of one draw of the code, the product taken channel by
/// channel (specification 2.2).
public final class VAEGradCombi: VariationalMethod, SingleLossMethod {
    public static let name = "vae-grad-combi"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(settings, generator: generator)
    }

    public var scoresByGradients: Bool { true }

    override func scoreMap(_ images: Tensor, noise: Tensor) throws -> Tensor {
        let reconstructions = try Tensor.withoutGradients { try autoencoder(images, noise: noise).reconstruction }
        return try (divergenceGradient(images) * (images - reconstructions).squared())
            .mean(axes: [1], keepingDimensions: true)
    }
}
