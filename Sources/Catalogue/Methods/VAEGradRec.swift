extension MethodDescription {
    public static let vaeGradRec = variationalGradient(
        "vae-grad-rec", title: "VAE-Grad_rec", scorer: .variational("gradient-reconstruction") { 3 * $0.autoencoder },
        summary: "VAE scored by the gradient of the squared error with respect to the image", map: "|∂ mean(e²) / ∂x| of one draw")
}
