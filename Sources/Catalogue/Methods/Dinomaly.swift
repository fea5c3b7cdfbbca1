public enum DinomalyOptions {
    static let inputSize = AnomalyDINOOptions.inputSize.defaulting(to: 392)
    public static let dropout = FAEOptions.dropout.with(
        default: 0.2, summary: "share of the bottleneck's numbers that each training step drops")
}

extension ModelDescription {
    public static let dinomaly = ModelDescription(
        "dinomaly",
        options: [
            FAEOptions.steps.defaulting(to: 5000).description, TrainingOptions.batchSize.defaulting(to: 16).description,
            TrainingOptions.learningRate.with(
                default: 2e-3, summary: "StableAdamW's step size after a hundred steps; then it falls along a cosine to a tenth"
            ).description,
            DinomalyOptions.inputSize.description, InputOptions.rgbOnly.description, InputOptions.precision.description,
        ] + BackboneOptions.all(.dinov2BaseRegisters, .dinov2SmallRegisters, .dinov2Small, .tinyTransformer) + [
            DinomalyOptions.dropout.description
        ]
    ) { sizes in
        let features = BackboneSizes(sizes)
        return sizes.demand(
            parameters: sizes.dinomaly.parameters, activations: 0.8 * features.activations.whole + features.peak,
            frozen: features.parameters)
    } stages: { sizes in
        [
            StageCost(
                "training", .steps(sizes[FAEOptions.steps]), batchSize: sizes[TrainingOptions.batchSize],
                perUnit: sizes.dinomalyEncoder + 3 * sizes.dinomaly.work)
        ]
    }
}

extension NetworkSizes {
    /// Bottleneck and decoder: what is trained.
    fileprivate var dinomaly: (work: Double, parameters: Double) {
        guard let size = BackboneSizes(self).transformer else { return (0, 0) }
        let square = size.width * size.width
        // Attention is linear in the number of tokens.
        return (8 * size.tokens * square * (13 + 2 / size.heads), 8 * 13 * square)
    }

    /// The ten blocks of the encoder that are looked at.
    fileprivate var dinomalyEncoder: Double {
        guard let size = BackboneSizes(self).transformer else { return 0 }
        return 10 * size.blockWork + 588 * size.width * size.tokens
    }
}

extension MethodDescription {
    public static let dinomaly = MethodDescription(
        "dinomaly", title: "Dinomaly", family: .featureReconstruction, model: .dinomaly,
        scorer: ScorerDescription("token-distances", options: [MapOptions.score.defaulting(to: .topPercent).description]) {
            $0.dinomalyEncoder + $0.dinomaly.work
        },
        summary: "linear attention that gives a vision transformer's tokens back; score: mean of their largest distances",
        equation: """
            e₁, e₂ = means of blocks 2 to 5 and 6 to 9 of the encoder; d₁, d₂ = those of the decoder's last and first four blocks,
                whose input is the mean of the encoder's eight behind a bottleneck with dropout
            loss = mean over both of the mean of 1 - cos(e, d), each image being one vector; places nearer than the farthest
                1 - p move by a tenth only, p rising from 0 to 0.9 over 1000 steps
            map = mean over both of 1 - cos(e, d) at each patch, at 256 pixels smoothed over 5, stretched to the image's size
            score = mean of the highest hundredth of the map at 256 pixels
            """,
        source: "Guo et al., Dinomaly: the less is more philosophy in multi-class unsupervised anomaly detection, CVPR 2025")
}
