public enum AnomalyDINOOptions {
    /// Patches are of 14 pixels.
    static let inputSize = MethodOption.multiple(
        "input_size", of: 14, 28...1022, default: 448, unit: "pixels", "side of the square input")
    public static let shots = MethodOption.integer(
        "shots", 0...1024, default: 0, unit: "images", "training images, drawn from all, whose patches are remembered; 0: all")
}

extension ModelDescription {
    /// A bank of a vision transformer's patch tokens.
    public static let tokenMemory = ModelDescription(
        "token-memory",
        options: [
            AnomalyDINOOptions.inputSize.description, InputOptions.rgbOnly.description, InputOptions.precision.description,
        ] + BackboneOptions.all(.dinov2Small, .dinov2SmallRegisters, .dinov2BaseRegisters, .tinyTransformer) + [
            AnomalyDINOOptions.shots.description, PatchCoreOptions.limit.description, PatchCoreOptions.candidates.description,
        ]
    ) { sizes in
        let features = BackboneSizes(sizes)
        return MemoryDemand(
            parameters: 0, frozen: features.parameters, activations: 8 * features.peak,
            stored: Double(sizes[PatchCoreOptions.candidates]) * (features.pooledChannels + 128))
    } stages: { sizes in
        [
            StageCost("patch features", .pass, batchSize: 8, perUnit: BackboneSizes(sizes).whole),
            StageCost(
                "coreset", .perImage(sizes.tokens, limit: sizes[PatchCoreOptions.limit]),
                perUnit: 128 * Double(sizes[PatchCoreOptions.candidates])),
        ]
    }
}

extension NetworkSizes {
    /// Patches of an image for a vision transformer.
    var tokens: Double { side * side / 196 }
}

extension MethodDescription {
    public static let anomalyDINO = MethodDescription(
        "anomalydino", title: "AnomalyDINO", family: .featureMemory, model: .tokenMemory,
        scorer: ScorerDescription(
            "nearest-token", options: [MapOptions.score.defaulting(to: .topPercent).description, MapOptions.smoothing.description]
        ) { sizes in
            let features = BackboneSizes(sizes)
            return features.whole + sizes.tokens * Double(sizes[PatchCoreOptions.limit]) * features.pooledChannels
        },
        summary: "memory bank of a vision transformer's patches, of a few images or of all; score: mean of the largest distances",
        equation: """
            t = patch tokens of the transformer's last block, normalised, then of norm 1; nothing is trained: loss = none
            bank = tokens of shots training images, or of all, thinned to coreset_limit as in patchcore
            d = min over the bank of 1 - cos(t, m); map = d stretched to the image's size and smoothed by a Gaussian
            score = mean of the highest hundredth of d
            """,
        source: "Damm et al., AnomalyDINO: boosting patch-based few-shot anomaly detection with DINOv2, WACV 2025")
}
