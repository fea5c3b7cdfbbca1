extension MethodDescription {
    public static let aeGrad = MethodDescription(
        "ae-grad", title: "AE-Grad", family: .imageReconstruction, model: .ae,
        scorer: .residual("gradient") { 3 * $0.autoencoder },
        summary: "AE scored by the gradient of the squared error with respect to the image",
        equation: """
            loss = mean(e²)
            map = |∂ mean(e²) / ∂x|, mean over channels; score = mean of the map
            """,
        source: Source.gradients)
}
