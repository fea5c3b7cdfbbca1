public enum ConstrainedAEOptions {
    public static let codeWeight = MethodOption.weight(
        "code_weight", default: 1, "weight of the distance between the codes of image and reconstruction")
}

extension MethodDescription {
    public static let constrainedAE = MethodDescription(
        "constrained-ae", title: "Constrained AE", family: .imageReconstruction,
        model: ModelDescription("constrained-ae", options: AutoencoderOptions.all + [ConstrainedAEOptions.codeWeight.description]) {
            $0.autoencoderDemand(times: 1.5)
        } stages: {
            [.training($0, perImage: 3 * ($0.autoencoder + $0.encoder))]
        },
        scorer: .residual { $0.autoencoder },
        summary: "autoencoder whose reconstruction has the image's code; score: mean squared error",
        equation: """
            z = E(x), x̂ = D(z), z' = E(x̂)
            loss = mean(e²) + code_weight · mean((z - z')²)
            map = e², mean over channels; score = mean of the map
            """,
        source: "Chen and Konukoglu, Unsupervised detection of lesions in brain MRI using constrained adversarial "
            + "auto-encoders, MIDL 2018")
}
