extension MethodDescription {
    public static let vaeGradELBO = variationalGradient(
        "vae-grad-elbo", title: "VAE-Grad_ELBO", scorer: .variational("gradient-elbo") { 3 * $0.autoencoder },
        summary: "VAE scored by the gradient of its loss with respect to the image", map: "|∂ loss / ∂x| of one draw")
}
