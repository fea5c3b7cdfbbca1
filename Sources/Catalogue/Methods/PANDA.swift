public enum PANDAOptions {
    public static let ewcWeight = MethodOption.weight(
        "ewc_weight", default: 1e4, "weight of the pull back to the pretrained weights; 0: none")
    public static let fisher = MethodOption.choice(
        "fisher", default: FisherSource.own,
        "whose images say how much each weight matters: own, the job's normal ones under classes that the network itself draws "
            + "(the authors' file is of ImageNet)")

    public enum FisherSource: String, OptionWord { case own }
}

extension ModelDescription {
    public static let panda = ModelDescription(
        "panda",
        options: [
            TrainingOptions.epochs.with(default: 100, followsDataset: false).description,
            TrainingOptions.batchSize.defaulting(to: 32).description,
            TrainingOptions.learningRate.with(default: 1e-2, summary: "step size of SGD with momentum 0.9").description,
            InputOptions.size.defaulting(to: 256).description, BackboneOptions.crop.defaulting(to: .center).description,
            InputOptions.rgbOnly.description, InputOptions.precision.description,
        ] + BackboneOptions.all(.resNet152, .resNet18, .wideResNet50, .efficientNetLite0) + [
            PANDAOptions.ewcWeight.description, PANDAOptions.fisher.description,
        ]
    ) { sizes in
        let features = BackboneSizes(sizes)
        return sizes.demand(
            parameters: 1.5 * features.deepParameters, activations: features.activations.deep + features.peak,
            frozen: features.parameters + features.deepParameters)
    } stages: { sizes in
        let features = BackboneSizes(sizes)
        let deep = features.whole - features.toEighth
        let fisher = StageCost("Fisher information", .pass, batchSize: 4, perUnit: features.toEighth + 3 * deep)
        return [StageCost("centre", .pass, batchSize: 32, perUnit: features.whole)]
            + (sizes[PANDAOptions.ewcWeight] > 0 ? [fisher] : []) + [.training(sizes, perImage: features.toEighth + 3 * deep)]
    }
}

extension MethodDescription {
    public static let panda = MethodDescription(
        "panda", title: "PANDA", family: .twoStage, model: .panda, scorer: .density,
        summary: "pretrained features drawn together to their centre; score: distance from a Gaussian fitted to normal images",
        equation: """
            g = features of the backbone's last level, mean over places; c = mean of g over the images before the first step
            loss = mean ‖g - c‖² / size of g + ewc_weight · Σ F (w - w₀)² / 2; beyond 1/8 of the side only, batch statistics fixed
            F = mean over the training images of (∂ log p(y) / ∂w)², y a class of ImageNet drawn from p
            score = √((f - μ)ᵀ Σ⁻¹ (f - μ)), f = g / ‖g‖; density: knn: score = sum of the smallest ‖g - g'‖²; no map
            """,
        source: "Reiss et al., PANDA: adapting pretrained features for anomaly detection and segmentation, CVPR 2021")
}
