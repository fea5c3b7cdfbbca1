public enum MSCOptions {
    public static let temperature = MethodOption.number(
        "temperature", 1e-3...100, default: 0.25, "what similarities are divided by before their softmax")
}

extension ModelDescription {
    public static let msc = ModelDescription(
        "msc",
        options: [
            TrainingOptions.epochs.with(default: 100, followsDataset: false).description, TrainingOptions.batchSize.description,
            TrainingOptions.learningRate.with(summary: "SGD's step size").description,
            InputOptions.size.defaulting(to: 224).description, InputOptions.rgbOnly.description, InputOptions.precision.description,
        ] + BackboneOptions.all(.resNet18, .resNet152, .wideResNet50, .efficientNetLite0) + [MSCOptions.temperature.description]
    ) { sizes in
        let features = BackboneSizes(sizes)
        return sizes.demand(parameters: features.parameters, activations: 2 * features.activations.whole)
    } stages: { sizes in
        [
            StageCost("centre", .pass, batchSize: 32, perUnit: BackboneSizes(sizes).whole),
            .training(sizes, perImage: 6 * BackboneSizes(sizes).whole),
        ]
    }
}

extension MethodDescription {
    public static let msc = MethodDescription(
        "msc", title: "MSC", family: .twoStage, model: .msc, scorer: .density,
        summary: "contrastive training of pretrained features around their centre; score: distance from a Gaussian of normal images",
        equation: """
            f = features of the backbone's last level, mean over places, of norm 1; c = mean of f before the first step
            z = (f - c) / ‖f - c‖ of two views of each image: cropped, with other colours, perhaps grey, blurred, mirrored
            loss = mean of -log(exp(z·z⁺ / temperature) / Σ exp(z·z' / temperature)) over all views; batch statistics fixed
            score = √((f - μ)ᵀ Σ⁻¹ (f - μ)); density: knn: score = sum of the smallest ‖f - f'‖²; no map
            """,
        source: "Reiss and Hoshen, Mean-shifted contrastive loss for anomaly detection, AAAI 2023")
}
