import Torch

/// VAE-Grad_rec: trained as VAE; scored by |∂ mean(e²) / ∂x| of one draw of the code (specification 2.2).
public final class VAEGradRec: VariationalMethod, SingleLossMethod {
    public static let name = "vae-grad-rec"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(settings, generator: generator)
    }

    public var scoresByGradients: Bool { true }

    override func scoreMap(_ images: Tensor, noise: Tensor) throws -> Tensor {
        let gradient = try GradientMap.magnitude(images) { images in
            try Distance.squared.loss(images, autoencoder(images, noise: noise).reconstruction)
        }
        return try gradient.mean(axes: [1], keepingDimensions: true)
    }
}
