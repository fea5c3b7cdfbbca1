public enum SimpleNetOptions {
    public static let width = MethodOption.integer(
        "embedding_size", 1...8192, default: 1536, unit: "numbers", "what a patch's features are pooled to")
    public static let hiddenSize = AutoencoderOptions.hiddenSize.with(summary: "width of the discriminator's hidden layer")
    public static let noise = MethodOption.number(
        "noise_sd", 0...100, default: 0.015, "standard deviation of the noise that makes normal features abnormal")
    public static let margin = MethodOption.number(
        "margin", 0...100, default: 0.5, "beyond which neither normal nor abnormal features count any more")
}

extension ModelDescription {
    public static let simpleNet = ModelDescription(
        "simplenet",
        options: [
            TrainingOptions.epochs.with(default: 160, followsDataset: false).description,
            TrainingOptions.batchSize.defaulting(to: 8).description,
            TrainingOptions.learningRate.with(
                default: 2e-4, summary: "Adam's step size for the discriminator; the adaptor's is half of it"
            ).description,
            InputOptions.size.defaulting(to: 288).description, InputOptions.rgbOnly.description, InputOptions.precision.description,
        ] + BackboneOptions.all(.wideResNet50, .resNet18, .resNet152, .efficientNetLite0) + [
            SimpleNetOptions.width.description, SimpleNetOptions.hiddenSize.description, SimpleNetOptions.noise.description,
            SimpleNetOptions.margin.description,
        ]
    ) { sizes in
        let (width, features) = (Double(sizes[SimpleNetOptions.width]), BackboneSizes(sizes))
        let hidden = Double(sizes[SimpleNetOptions.hiddenSize])
        return sizes.demand(
            parameters: sizes.simpleNet / sizes.patches,
            activations: sizes.patches * (8 * width + 6 * hidden + 9 * features.patchChannels) + features.peak,
            frozen: features.parameters)
        // Normal and abnormal features go through the discriminator.
    } stages: { [.training($0, perImage: BackboneSizes($0).toSixteenth + 6 * $0.simpleNet)] }
}

extension NetworkSizes {
    /// Adaptor and discriminator of all patches.
    var simpleNet: Double {
        let width = Double(self[SimpleNetOptions.width])
        return patches * (width * width + width * Double(self[SimpleNetOptions.hiddenSize]))
    }
}

extension MethodDescription {
    public static let simpleNet = MethodDescription(
        "simplenet", title: "SimpleNet", family: .twoStage, model: .simpleNet,
        scorer: ScorerDescription(
            "discriminated-patch",
            options: [MapOptions.score.defaulting(to: .maximum).description, MapOptions.smoothing.description]
        ) { BackboneSizes($0).toSixteenth + $0.simpleNet },
        summary: "discriminator that tells adapted pretrained features from noisy ones; score: the most abnormal patch",
        equation: """
            u = adaptor(p), p = features of the backbone at 1/8 and 1/16 of the side around each place, pooled; n ~ N(0, noise_sd²)
            loss = mean max(0, margin - D(u)) + mean max(0, margin + D(u + n))
            map = -D(u) stretched to the image's size and smoothed by a Gaussian; score = max -D(u)
            """,
        source: "Liu et al., SimpleNet: a simple network for image anomaly detection and localization, CVPR 2023")
}
