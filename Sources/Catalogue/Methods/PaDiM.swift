public enum PaDiMOptions {
    public static let channels = MethodOption.integer(
        "embedding_size", 1...4096, default: 100, unit: "channels",
        "channels, drawn once from those of all levels; the authors take 100 of resnet18 and 550 of wide_resnet50_2")
}

extension ModelDescription {
    /// A Gaussian at each place.
    public static let placeGaussians = ModelDescription(
        "place-gaussians",
        options: [
            InputOptions.size.defaulting(to: 224).description, InputOptions.rgbOnly.description, InputOptions.precision.description,
        ] + BackboneOptions.all(.resNet18, .wideResNet50, .resNet152, .efficientNetLite0) + [PaDiMOptions.channels.description]
    ) { sizes in
        let features = BackboneSizes(sizes), channels = Double(sizes[PaDiMOptions.channels])
        return MemoryDemand(
            parameters: 0, frozen: features.parameters,
            activations: 16 * (features.peak + features.levels.reduce(0, +) * sizes.finePlaces),
            stored: sizes.finePlaces * channels * (channels + 2))
    } stages: { [StageCost("Gaussians", .pass, batchSize: 16, perUnit: BackboneSizes($0).toSixteenth + $0.placeGaussians)] }
}

extension NetworkSizes {
    /// Places at 1/4 of the side.
    var finePlaces: Double { side * side / 16 }
    /// Multiply-accumulates of an image's outer products, or of its distances.
    var placeGaussians: Double { finePlaces * Double(self[PaDiMOptions.channels] * self[PaDiMOptions.channels]) }
}

extension MethodDescription {
    public static let padim = MethodDescription(
        "padim", title: "PaDiM", family: .featureMemory, model: .placeGaussians,
        scorer: ScorerDescription(
            "place-distances",
            options: [MapOptions.score.defaulting(to: .maximum).description, MapOptions.smoothing.description]
        ) { BackboneSizes($0).toSixteenth + $0.placeGaussians / 2 },
        summary: "a Gaussian of pretrained features at each place of the image; score: largest distance of a place from its own",
        equation: """
            f = embedding_size drawn channels of the backbone's features at 1/4, 1/8 and 1/16 of the side, at the first's places;
                nothing is trained: loss = none
            μ, Σ = mean and covariance of f + 0.01 I over the training images, at each place
            map = √((f - μ)ᵀ Σ⁻¹ (f - μ)), stretched to the image's size and smoothed by a Gaussian
            score = max of the map
            """,
        source: "Defard et al., PaDiM: a patch distribution modeling framework for anomaly detection and localization, ICPR 2021")
}
