import Catalogue
import Torch

extension Method {
    /// VAE-Grad_ELBO: VAE scored by |∂ (mean(e²) + w KL) / ∂x| of one draw of the code (Zimmerer et al., 2019).
    static let vaeGradELBO = variational(.vaeGradELBO) { model, images, noise in
        try GradientMap.magnitude(images) { try model.loss($0, noise: noise) }
    }
}
