/// Methods that are trained as another one and score by gradients.
extension Catalogue {
    static let gradientScores: [MethodDescription] = [
        .init("ae-grad", title: "AE-Grad", family: .imageReconstruction, options: autoencoder, trainedAs: "ae",
              summary: "AE scored by the gradient of the squared error with respect to the image",
              equation: """
                  loss = mean(e²)
                  map = |∂ mean(e²) / ∂x|, mean over channels; score = mean of the map
                  """,
              source: gradients),
        .init("vae-grad-rec", title: "VAE-Grad_rec", family: .imageReconstruction, options: variational, trainedAs: "vae",
              summary: "VAE scored by the gradient of the squared error with respect to the image",
              equation: loss + "\nmap = |∂ mean(e²) / ∂x| of one draw, mean over channels; score = mean of the map",
              source: gradients),
        .init("vae-grad-kl", title: "VAE-Grad_KL", family: .imageReconstruction, options: variational, trainedAs: "vae",
              summary: "VAE scored by the gradient of the Kullback-Leibler term with respect to the image",
              equation: loss + "\nmap = |∂ KL / ∂x|, mean over channels; score = mean of the map",
              source: gradients),
        .init("vae-grad-elbo", title: "VAE-Grad_ELBO", family: .imageReconstruction, options: variational, trainedAs: "vae",
              summary: "VAE scored by the gradient of its loss with respect to the image",
              equation: loss + "\nmap = |∂ loss / ∂x| of one draw, mean over channels; score = mean of the map",
              source: gradients),
        .init("vae-grad-combi", title: "VAE-Grad_combi", family: .imageReconstruction, options: variational, trainedAs: "vae",
              summary: "VAE scored by squared error times the gradient of the Kullback-Leibler term",
              equation: loss + "\nmap = e² |∂ KL / ∂x| of one draw, mean over channels; score = mean of the map",
              source: gradients),
    ]

    private static let loss = "loss = mean(e²) + kl_weight · KL, KL = mean of -½ (1 + s - μ² - exp s)"
    private static let gradients =
        "Zimmerer et al., Unsupervised anomaly localization using variational auto-encoders, MICCAI 2019"
}
