public enum PatchCoreOptions {
    public static let fraction = MethodOption.number(
        "coreset_fraction", 0...1, default: 0.1, "share of all patches that the memory bank keeps; one at least")
    public static let limit = MethodOption.integer(
        "coreset_limit", 1...1_000_000, default: 10_000, unit: "patches", "the most patches that the memory bank keeps")
    public static let candidates = MethodOption.integer(
        "candidates", 1...100_000_000, default: 500_000, unit: "patches",
        "patches, drawn evenly from all, among which the bank's are picked")
    public static let embedding = MethodOption.choice(
        "embedding", default: Embedding.concat,
        "how levels become a patch's features: pooled to 1024 numbers, as the original, or averaged over 3×3 places and put together")
    public static let reweight = MethodOption.integer(
        "reweight", 0...1000, default: 0, unit: "neighbours",
        "neighbours in the bank by which the image's score is weighted, as in the paper; 0: not at all, as its code")

    public enum Embedding: String, OptionWord { case original, concat }
}

extension ModelDescription {
    /// A bank of patch features.
    public static let patchMemory = ModelDescription(
        "patch-memory",
        options: [InputOptions.size.defaulting(to: 224).description, InputOptions.rgbOnly.description, InputOptions.precision.description]
            + BackboneOptions.all(.wideResNet50, .resNet18, .efficientNetLite0) + [
                PatchCoreOptions.embedding.description, PatchCoreOptions.fraction.description, PatchCoreOptions.limit.description,
                PatchCoreOptions.candidates.description,
            ]
    ) { sizes in
        let features = BackboneSizes(sizes)
        let stored = Double(sizes[PatchCoreOptions.candidates]) * (sizes.patchChannels + 128)
        return MemoryDemand(
            parameters: 0, frozen: features.parameters, activations: 16 * (features.peak + 9 * features.patchChannels * sizes.patches),
            stored: stored)
    } stages: { sizes in
        [
            StageCost("patch features", .pass, batchSize: 16, perUnit: BackboneSizes(sizes).toSixteenth),
            StageCost(
                "coreset", .perImage(sizes[PatchCoreOptions.fraction] * sizes.patches, limit: sizes[PatchCoreOptions.limit]),
                perUnit: 128 * Double(sizes[PatchCoreOptions.candidates])),
        ]
    }
}

extension NetworkSizes {
    /// Patches of an image: places of the level at 1/8 of the side.
    var patches: Double { side * side / 64 }
    /// Numbers of a patch's features.
    var patchChannels: Double { self[PatchCoreOptions.embedding] == .original ? 1024 : BackboneSizes(self).patchChannels }
}

extension MethodDescription {
    public static let patchCore = MethodDescription(
        "patchcore", title: "PatchCore", family: .featureMemory, model: .patchMemory,
        scorer: ScorerDescription(
            "nearest-patch",
            options: [
                MapOptions.score.defaulting(to: .maximum).description, PatchCoreOptions.reweight.description,
                MapOptions.smoothing.description,
            ]
        ) { sizes in
            BackboneSizes(sizes).toSixteenth + sizes.patches * Double(sizes[PatchCoreOptions.limit]) * sizes.patchChannels
        },
        summary: "memory bank of normal patches' features; score: largest distance of a patch from its nearest in the bank",
        equation: """
            p = features of the backbone at 1/8 and 1/16 of the side around each place; nothing is trained: loss = none
            bank = coreset of all training patches, each pick the one farthest from those before it, in a random projection to 128
            d = min over the bank of ‖p - m‖²; map = d stretched to the image's size and smoothed by a Gaussian
            score = max d; reweight: b: score = (1 - softmax of the plain distances to the b nearest of m*, at m*) · max d^½
            """,
        source: "Roth et al., Towards total recall in industrial anomaly detection, CVPR 2022")
}
