/// What scorers by the density of pooled features have.
public enum DensityOptions {
    public static let density = MethodOption.choice(
        "density", default: Density.gaussian,
        "how far features are from normal ones: by a Gaussian fitted to those of unit norm, or by their nearest neighbours")
    public static let neighbours = MethodOption.integer(
        "neighbours", 1...1000, default: 2, unit: "images", "nearest training images, of density: knn")

    public enum Density: String, OptionWord {
        case gaussian
        /// The sum of the squared distances from the nearest training images.
        case neighbours = "knn"
    }
}

extension ModelDescription {
    /// A pretrained network that is used as it is.
    /// - Parameter backbones: those that can be named, the default first.
    static func imageNetFeatures(
        _ backbones: Backbone..., inputSize: Int = 224, crop: ImageCrop = .none
    ) -> ModelDescription {
        let options = [
            InputOptions.size.defaulting(to: inputSize).description, BackboneOptions.crop.defaulting(to: crop).description,
            InputOptions.rgbOnly.description, InputOptions.precision.description,
        ]
        return ModelDescription("imagenet-features", options: options + BackboneOptions.all(backbones)) { sizes in
            let features = BackboneSizes(sizes)
            return MemoryDemand(parameters: 0, frozen: features.parameters, activations: 32 * features.peak)
        } stages: { _ in [] }
    }
}

extension ScorerDescription {
    /// The distance of pooled features from those of the training images.
    public static let density = ScorerDescription(
        "density", options: [DensityOptions.density.description, DensityOptions.neighbours.description],
        stages: { [StageCost("density", .pass, batchSize: 32, perUnit: BackboneSizes($0).whole)] }
    ) { BackboneSizes($0).whole }
}

extension MethodDescription {
    public static let resNet18ImageNet = imageNetFeatures(
        "resnet18-imagenet", title: "ResNet18-IN", model: .imageNetFeatures(.resNet18, .resNet152, .wideResNet50, .efficientNetLite0))

    /// The study shrinks the images to 256 pixels and cuts out the middle 224.
    public static let resNet152ImageNet = imageNetFeatures(
        "resnet152-imagenet", title: "ResNet152-IN",
        model: .imageNetFeatures(
            .resNet152, .resNet18, .wideResNet50, .efficientNetLite0, inputSize: 256, crop: .center))

    private static func imageNetFeatures(_ name: String, title: String, model: ModelDescription) -> MethodDescription {
        MethodDescription(
            name, title: title, family: .twoStage, model: model, scorer: .density,
            summary: "pooled features of a pretrained network; score: distance from a Gaussian fitted to normal images",
            equation: """
                g = features of the backbone's last level, mean over places; f = g / ‖g‖; nothing is trained: loss = none
                μ, Σ = mean and Ledoit-Wolf shrunk covariance of f over the training images
                score = √((f - μ)ᵀ Σ⁻¹ (f - μ)); density: knn: score = sum of the smallest ‖f - f'‖²; no map
                """,
            source: "MedIAnomaly's row '\(title)'; density as in Li et al., CutPaste: self-supervised learning for anomaly "
                + "detection and localization, CVPR 2021; neighbours as in Bergman et al., Deep nearest neighbor anomaly detection, 2020")
    }
}
