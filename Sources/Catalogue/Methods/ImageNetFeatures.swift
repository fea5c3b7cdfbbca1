extension ModelDescription {
    /// A pretrained network that is used as it is.
    public static let imageNetFeatures = ModelDescription(
        "imagenet-features",
        options: [InputOptions.size.defaulting(to: 224).description, InputOptions.rgbOnly.description, InputOptions.precision.description]
            + BackboneOptions.all(.resNet18, .wideResNet50, .efficientNetLite0)
    ) { sizes in
        let features = BackboneSizes(sizes)
        return MemoryDemand(parameters: 0, frozen: features.parameters, activations: 32 * features.peak)
    } stages: { _ in [] }
}

extension ScorerDescription {
    /// The Mahalanobis distance from a Gaussian fitted to the features of the training images.
    public static let gaussianDensity = ScorerDescription(
        "gaussian-density", stages: { [StageCost("density", .pass, batchSize: 32, perUnit: BackboneSizes($0).whole)] }
    ) { BackboneSizes($0).whole }
}

extension MethodDescription {
    public static let resNet18ImageNet = MethodDescription(
        "resnet18-imagenet", title: "ResNet18-IN", family: .twoStage, model: .imageNetFeatures, scorer: .gaussianDensity,
        summary: "pooled features of a pretrained network; score: distance from a Gaussian fitted to normal images",
        equation: """
            f = features of the backbone's last level, mean over places, divided by their Euclidean norm; nothing is trained: loss = none
            μ, Σ = mean and Ledoit-Wolf shrunk covariance of f over the training images
            score = √((f - μ)ᵀ Σ⁻¹ (f - μ)); no map
            """,
        source: "MedIAnomaly's row 'ResNet18-IN'; density as in Li et al., CutPaste: self-supervised learning for anomaly "
            + "detection and localization, CVPR 2021")
}
