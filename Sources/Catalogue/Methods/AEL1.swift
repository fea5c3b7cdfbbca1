extension MethodDescription {
    public static let aeL1 = MethodDescription(
        "ae-l1", title: "AE-l1", family: .imageReconstruction, model: .autoencoder("ae-l1"),
        scorer: .residual("absolute-residual") { $0.autoencoder },
        summary: "autoencoder, absolute error; score: mean absolute error",
        equation: """
            loss = mean(|e|)
            map = |e|, mean over channels; score = mean of the map
            """,
        source: Source.comparison)
}
