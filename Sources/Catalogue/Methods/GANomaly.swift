public enum GANomalyOptions {
    public static let featureWeight = MethodOption.weight(
        "feature_weight", default: 1, "weight of the distance of the discriminator's features")
    public static let reconstructionWeight = MethodOption.weight(
        "reconstruction_weight", default: 50, "weight of the squared error")
    public static let discriminatorThreshold = MethodOption.weight(
        "discriminator_threshold", default: 1e-5, "an epoch's mean loss of the discriminator below which it begins anew")
    public static let scoreStatistics = MethodOption.choice(
        "score_statistics", default: ScoreStatistics.image,
        "what scoring normalises by: each image's own statistics, as the study, or training's running ones")

    public enum ScoreStatistics: String, OptionWord { case image, running }
}

extension MethodDescription {
    public static let ganomaly = MethodDescription(
        "ganomaly", title: "GANomaly", family: .imageReconstruction,
        model: ModelDescription(
            "ganomaly",
            options: AutoencoderOptions.all + [
                GANomalyOptions.featureWeight.description, GANomalyOptions.reconstructionWeight.description,
                ConstrainedAEOptions.codeWeight.description, GANomalyOptions.discriminatorThreshold.description,
            ]
        ) { $0.autoencoderDemand(times: 3) } stages: { sizes in
            // The generator encodes twice; the discriminator, as large as an encoder, sees both images, and each of the two
            // losses goes back through it.
            [.training(sizes, perImage: 3 * (sizes.autoencoder + sizes.encoder) + 2 * 5 * sizes.encoder)]
        },
        scorer: ScorerDescription("code-distance", options: [GANomalyOptions.scoreStatistics.description]) {
            $0.autoencoder + $0.encoder
        },
        summary: "encoder, decoder, encoder and a discriminator; score: squared distance of the two codes, no map",
        equation: """
            z = E₁(x), x̂ = D(z), ẑ = E₂(x̂)
            generator: loss = feature_weight · mean((f(x) - f(x̂))²) + reconstruction_weight · mean(e²)
                + code_weight · mean((z - ẑ)²)
            discriminator: loss = ½ (BCE(D(x), 1) + BCE(D(x̂), 0))
            score = mean((z - ẑ)²) over the code, normalised by each image's own statistics
            """,
        source: "Akcay et al., GANomaly: semi-supervised anomaly detection via adversarial training, ACCV 2018")
}
