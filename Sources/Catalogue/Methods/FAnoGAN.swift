public enum FAnoGANOptions {
    public static let adversarialEpochs = TrainingOptions.epochs.with(
        default: 3000, followsDataset: false, summary: "passes over the training images that train the GAN")
    public static let encoderEpochs = MethodOption.integer(
        "encoder_epochs", 1...1_000_000, default: 300, unit: "passes", "further passes that train the encoder")
    public static let criticSteps = MethodOption.integer(
        "critic_steps", 1...10_000, default: 5, unit: "batches",
        "batches of an epoch to each of the generator's; with fewer, it has the last")
    public static let penaltyWeight = MethodOption.weight("penalty_weight", default: 10, "weight of the gradient penalty")
    public static let featureWeight = MethodOption.weight(
        "feature_weight", default: 1, "weight of the distance of the critic's features")
}

extension ModelDescription {
    public static let fAnoGAN = ModelDescription(
        "f-anogan",
        options: TrainingOptions.all(epochs: FAnoGANOptions.adversarialEpochs) + [
            FAnoGANOptions.encoderEpochs.description, AutoencoderOptions.latentSize.defaulting(to: 128).description,
            AutoencoderOptions.baseChannels.description, FAnoGANOptions.criticSteps.description,
            FAnoGANOptions.penaltyWeight.description, FAnoGANOptions.featureWeight.description,
        ]
    ) { $0.demand(parameters: $0.residualParameters, activations: $0.residualActivations) } stages: { sizes in
        let (generator, critic) = (sizes.residualGenerator, sizes.residualCritic)
        let batch = sizes[TrainingOptions.batchSize]
        // Three images forward and two back for the critic's loss, its penalty forward and back to the image and
        // through both again; every so many batches the generator's own step.
        let adversarial = generator + 11 * critic + (3 * generator + 3 * critic) / Double(sizes[FAnoGANOptions.criticSteps])
        return [
            StageCost("training", .epochs(sizes[TrainingOptions.epochs]), batchSize: batch, perUnit: adversarial),
            StageCost(
                "encoder", .epochs(sizes[FAnoGANOptions.encoderEpochs]), batchSize: batch,
                perUnit: 3 * critic + 2 * generator + 3 * critic),
        ]
    }
}

extension MethodDescription {
    public static let fAnoGAN = MethodDescription(
        "f-anogan", title: "f-AnoGAN", family: .imageReconstruction, model: .fAnoGAN,
        scorer: ScorerDescription("image-and-features") { $0.residualCritic + $0.residualGenerator + 2 * $0.residualCritic },
        summary: "Wasserstein GAN, then an encoder for it; score: squared error of image and critic's features",
        equation: """
            stage 1, critic: loss = mean D(G(z)) - mean D(x) + penalty_weight · mean((‖∂D/∂x‖ - 1)²)
            stage 1, generator, every critic_steps batches: loss = -mean D(G(z))
            stage 2, encoder: loss = mean(e²) + feature_weight · mean((f(x) - f(x̂))²), x̂ = G(E(x))
            map = e², mean over channels; score = mean(e²) + feature_weight · mean((f(x) - f(x̂))²)
            """,
        source: "Schlegl et al., f-AnoGAN: fast unsupervised anomaly detection with generative adversarial networks, "
            + "Medical Image Analysis 54, 2019")
}
