import Catalogue
import Torch

extension Method {
    /// AE-Grad: AE scored by |∂ mean(e²) / ∂x|, the gradient flowing through x and x̂(x) (Zimmerer et al., 2019).
    static let aeGrad = Method(.aeGrad, small: .smallAutoencoder, model: AE.self) { model, settings, _ in
        try MapScorer(settings, needsGradients: true) { images, _ in
            let gradient = try GradientMap.magnitude(images) { try Distance.squared.loss($0, model.autoencoder($0)) }
            return .init(try gradient.mean(axes: [1], keepingDimensions: true))
        }
    }
}
