import Catalogue
import Torch

extension Method {
    /// VAE-Grad_rec: VAE scored by |∂ mean(e²) / ∂x| of one draw of the code (Zimmerer et al., 2019).
    static let vaeGradRec = variational(.vaeGradRec) { model, images, noise in
        try GradientMap.magnitude(images) { images in
            try Distance.squared.loss(images, model.autoencoder(images, noise: noise).reconstruction)
        }
    }
}
