extension MethodDescription {
    public static let vaeGradKL = variationalGradient(
        "vae-grad-kl", title: "VAE-Grad_KL", scorer: .variational("gradient-kl") { 3 * $0.encoder },
        summary: "VAE scored by the gradient of the Kullback-Leibler term with respect to the image", map: "|∂ KL / ∂x|")
}
