public enum ReverseDistillationOptions {
    public static let bottleneckWidth = MethodOption.integer(
        "bottleneck_width", 8...512, default: 64,
        "width of the one-class embedding's blocks: 64 is the size that the study reports, 128 what the original's code has")
    public static let gradientBatches = MethodOption.integer(
        "gradient_batches", 1...64, default: 2, unit: "batches", "batches whose gradients are added up for a step")
    public static let noiseSeed = MethodOption.choice(
        "noise_seed", default: NoiseSeed.sample,
        "whether the noise of each image is another one, or always the same as in the original")
    public static let steps = FAEOptions.steps.defaulting(to: 2000)
    public static let encoderStatistics = MethodOption.choice(
        "encoder_statistics", default: EncoderStatistics.batch,
        "what the trained encoder normalises by: statistics of the batch, or the pretrained ones")

    public enum NoiseSeed: String, OptionWord { case sample, fixed }
    public enum EncoderStatistics: String, OptionWord { case batch, stored }

    /// Sides that the backbone and the embedding halve five times.
    static let inputSize = MethodOption.multiple(
        "input_size", of: 32, 32...1024, default: 256, unit: "pixels", "side of the square input")

    /// - Parameter length: the option that says how long it is trained.
    static func all(
        _ length: OptionDescription, batchSize: Int = 16, learningRate: Double, bottleneckWidth: Int
    ) -> [OptionDescription] {
        [
            length, TrainingOptions.batchSize.defaulting(to: batchSize).description,
            TrainingOptions.learningRate.defaulting(to: learningRate).description, inputSize.description,
            InputOptions.rgbOnly.description, InputOptions.precision.description,
        ] + BackboneOptions.all(.wideResNet50, .resNet18, .resNet152, .efficientNetLite0) + [
            Self.bottleneckWidth.defaulting(to: bottleneckWidth).description
        ]
    }

    static let epochs = TrainingOptions.epochs.with(default: 200, followsDataset: false)
}

extension ModelDescription {
    public static let rd = ModelDescription(
        "rd", options: ReverseDistillationOptions.all(
            ReverseDistillationOptions.epochs.description, learningRate: 5e-3, bottleneckWidth: 64)
    ) { sizes in
        let layers = DistillationSizes(sizes).embedding + DistillationSizes(sizes).decoder
        return sizes.demand(
            parameters: layers.parameters, activations: layers.activations + BackboneSizes(sizes).peak,
            frozen: BackboneSizes(sizes).parameters)
    } stages: { sizes in
        let layers = DistillationSizes(sizes).embedding + DistillationSizes(sizes).decoder
        return [.training(sizes, perImage: BackboneSizes(sizes).toSixteenth + 3 * layers.work)]
    }

    public static let rdPlusPlus = ModelDescription(
        "rdpp", options: ReverseDistillationOptions.all(
            ReverseDistillationOptions.epochs.description, learningRate: 5e-3, bottleneckWidth: 128) + [
                ReverseDistillationOptions.gradientBatches.description, ReverseDistillationOptions.noiseSeed.description,
            ]
    ) { sizes in
        let layers = DistillationSizes(sizes).embedding + DistillationSizes(sizes).decoder
        let projections = DistillationSizes(sizes).projections
        return sizes.demand(
            parameters: layers.parameters + projections.parameters,
            activations: layers.activations + 2 * projections.activations + 2 * BackboneSizes(sizes).peak,
            frozen: BackboneSizes(sizes).parameters)
    } stages: { sizes in
        let layers = DistillationSizes(sizes).embedding + DistillationSizes(sizes).decoder
        // Backbone and projections see each image twice: as it is and with noise.
        let work = 2 * BackboneSizes(sizes).toSixteenth + 3 * layers.work + 6 * DistillationSizes(sizes).projections.work
        let images = sizes[TrainingOptions.batchSize] * sizes[ReverseDistillationOptions.gradientBatches]
        return [StageCost("training", .epochs(sizes[TrainingOptions.epochs]), batchSize: images, perUnit: work)]
    }

    public static let reContrast = ModelDescription(
        "recontrast", options: ReverseDistillationOptions.all(
            ReverseDistillationOptions.steps.description, batchSize: 32, learningRate: 2e-3, bottleneckWidth: 128) + [
                ReverseDistillationOptions.encoderStatistics.description
            ]
    ) { sizes in
        let features = BackboneSizes(sizes)
        let layers = DistillationSizes(sizes).embedding + DistillationSizes(sizes).decoder + DistillationSizes(sizes).heads
        return sizes.demand(
            parameters: layers.parameters + features.parameters,
            activations: 2 * layers.activations + features.activations.whole, frozen: features.parameters)
    } stages: { sizes in
        let features = BackboneSizes(sizes).toSixteenth
        let layers = DistillationSizes(sizes).embedding + DistillationSizes(sizes).decoder + DistillationSizes(sizes).heads
        // Embedding and decoder see both encoders' features.
        return [
            StageCost(
                "training", .steps(sizes[ReverseDistillationOptions.steps]), batchSize: sizes[TrainingOptions.batchSize],
                perUnit: 4 * features + 6 * layers.work)
        ]
    }
}

extension ScorerDescription {
    /// A sum of distances of features, level by level, stretched to the image's size and smoothed.
    static func featureDistances(_ name: String, perImage: @escaping @Sendable (NetworkSizes) -> Double) -> ScorerDescription {
        ScorerDescription(
            name, options: [MapOptions.score.defaulting(to: .maximum).description, MapOptions.smoothing.description],
            perImage: perImage)
    }
}

extension MethodDescription {
    public static let rd = MethodDescription(
        "rd", title: "RD", family: .featureReconstruction, model: .rd,
        scorer: .featureDistances("level-distances") { sizes in
            BackboneSizes(sizes).toSixteenth + DistillationSizes(sizes).embedding.work + DistillationSizes(sizes).decoder.work
        },
        summary: "decoder that gives a pretrained network's features back from their embedding; score: their largest distance",
        equation: """
            f₁ f₂ f₃ = features of the backbone at 1/4, 1/8 and 1/16 of the side; g = decoder(embedding(f))
            loss = sum over levels of the mean of 1 - cos(f, g), each level of an image being one vector
            map = sum over levels of 1 - cos(f, g) at each place, stretched to the image's size and smoothed by a Gaussian
            score = max of the map
            """,
        source: "Deng and Li, Anomaly detection via reverse distillation from one-class embedding, CVPR 2022")

    public static let rdPlusPlus = MethodDescription(
        "rdpp", title: "RD++", family: .featureReconstruction, model: .rdPlusPlus,
        scorer: .featureDistances("projected-level-distances") { sizes in
            let layers = DistillationSizes(sizes)
            return BackboneSizes(sizes).toSixteenth + (layers.projections + layers.embedding + layers.decoder).work
        },
        summary: "RD with projections that take simplex noise out of the features; score: largest distance of features",
        equation: """
            f as in rd; n = features of the image with a box of simplex noise; p = projections; g = decoder(embedding(p(f)))
            loss = RD's + 0.2 (0.01 · mean over places of 1 - cos(p(n), p(f)) + 0.1 · mean of max(0, cos(n, p(f)) - 0.5)) / 1.11,
                each term summed over levels; the original's transport of a batch to itself is nothing and left out
            map = sum over levels of 1 - cos(f, g) at each place, stretched to the image's size and smoothed by a Gaussian
            score = max of the map
            """,
        source: "Tien et al., Revisiting reverse distillation for anomaly detection, CVPR 2023")

    public static let reContrast = MethodDescription(
        "recontrast", title: "ReContrast", family: .featureReconstruction, model: .reContrast,
        scorer: .featureDistances("crosswise-level-distances") { sizes in
            let layers = DistillationSizes(sizes)
            return 2 * BackboneSizes(sizes).toSixteenth + 2 * (layers.embedding + layers.decoder + layers.heads).work
        },
        summary: "RD whose encoder is trained too, against a frozen copy; score: largest distance of features",
        equation: """
            e = features of the trained encoder, f = those of its frozen copy; a(e) and b(f) = the decoder's two outputs
            loss = half the sum over levels of the mean of 1 - cos(a(e), f), and half of 1 - cos(b(f), e); neither f nor e moves by
                it, and no gradient goes to places nearer than mean + α · deviation of all, α from -3 to 1 over the first tenth
            map = sum over levels and both outputs of 1 - cos at each place, stretched to the image's size and smoothed
            score = max of the map
            """,
        source: "Guo et al., ReContrast: domain-specific anomaly detection via contrastive reconstruction, NeurIPS 2023")
}
