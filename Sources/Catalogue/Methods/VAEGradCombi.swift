extension MethodDescription {
    public static let vaeGradCombi = variationalGradient(
        "vae-grad-combi", title: "VAE-Grad_combi", scorer: .variational("gradient-combination") { 3 * $0.autoencoder },
        summary: "VAE scored by squared error times the gradient of the Kullback-Leibler term", map: "e² |∂ KL / ∂x| of one draw")
}
