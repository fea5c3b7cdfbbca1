public enum VAEOptions {
    public static let divergenceWeight = MethodOption.weight(
        "kl_weight", default: 0.005, "weight of the Kullback-Leibler term")
    public static let sampling = MethodOption.boolean(
        "score_sampling", default: true, "whether scoring draws the code, as the study, or takes its mean")
}

extension ModelDescription {
    public static let vae = autoencoder("vae", options: [VAEOptions.divergenceWeight.description])
}

extension ScorerDescription {
    /// A scorer of the variational autoencoder.
    static func variational(_ name: String, perImage: @escaping @Sendable (NetworkSizes) -> Double) -> ScorerDescription {
        .residual(name, options: [VAEOptions.sampling.description], perImage: perImage)
    }
}

extension MethodDescription {
    public static let vae = MethodDescription(
        "vae", title: "VAE", family: .imageReconstruction, model: .vae, scorer: .variational("residual") { $0.autoencoder },
        summary: "variational autoencoder; score: mean squared error of one posterior draw",
        equation: """
            z = μ + exp(s / 2) ε, ε ~ N(0, 1)
            \(variationalLoss)
            map = e² of one draw, mean over channels; score = mean of the map
            """,
        source: "Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014")

    public static let variationalLoss = "loss = mean(e²) + kl_weight · KL, KL = mean of -½ (1 + s - μ² - exp s)"

    /// The variational autoencoder, scored by gradients with respect to the image (Zimmerer et al., 2019).
    static func variationalGradient(
        _ name: String, title: String, scorer: ScorerDescription, summary: String, map: String
    ) -> MethodDescription {
        MethodDescription(
            name, title: title, family: .imageReconstruction, model: .vae, scorer: scorer, summary: summary,
            equation: variationalLoss + "\nmap = \(map), mean over channels; score = mean of the map", source: Source.gradients)
    }
}
