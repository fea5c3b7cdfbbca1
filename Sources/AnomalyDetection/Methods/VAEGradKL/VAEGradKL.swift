import Catalogue
import Torch

extension Method {
    /// VAE-Grad_KL: VAE scored by |∂ KL / ∂x| (Zimmerer et al., 2019).
    static let vaeGradKL = variational(.vaeGradKL) { model, images, _ in try model.divergenceGradient(images) }
}
