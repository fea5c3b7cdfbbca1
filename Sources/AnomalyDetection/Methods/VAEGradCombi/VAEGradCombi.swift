import Catalogue
import Torch

extension Method {
    /// VAE-Grad_combi: VAE scored by e² |∂ KL / ∂x| of one draw of the code, the product taken channel by channel (Zimmerer et
    /// al., 2019).
    static let vaeGradCombi = variational(.vaeGradCombi) { model, images, noise in
        let reconstructions = try Tensor.withoutGradients { try model.autoencoder(images, noise: noise).reconstruction }
        return try model.divergenceGradient(images) * (images - reconstructions).squared()
    }
}
