extension MethodDescription {
    public static let aeU = MethodDescription(
        "ae-u", title: "AE-U", family: .imageReconstruction, model: .autoencoder("ae-u"),
        scorer: .residual("weighted-residual") { $0.autoencoder },
        summary: "autoencoder that predicts each pixel's variance; score: mean of the weighted squared error",
        equation: """
            (x̂, s) = net(x), s = logarithm of the variance
            loss = mean(exp(-s) e² + s)
            map = exp(-s) e², mean over channels; score = mean of the map
            """,
        source: "Mao et al., Abnormality detection in chest X-ray images using uncertainty prediction autoencoders, "
            + "MICCAI 2020")
}
