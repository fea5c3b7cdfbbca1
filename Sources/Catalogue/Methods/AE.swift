extension ModelDescription {
    public static let ae = autoencoder("ae")

    /// The study's common autoencoder, trained by one loss.
    static func autoencoder(_ name: String, options: [OptionDescription] = []) -> ModelDescription {
        ModelDescription(name, options: AutoencoderOptions.all + options) { $0.autoencoderDemand() } stages: {
            [.training($0, perImage: 3 * $0.autoencoder)]
        }
    }
}

extension MethodDescription {
    public static let ae = MethodDescription(
        "ae", title: "AE", family: .imageReconstruction, model: .ae, scorer: .residual { $0.autoencoder },
        summary: "autoencoder, squared error; score: mean squared error",
        equation: """
            loss = mean(e²)
            map = e², mean over channels; score = mean of the map
            """,
        source: Source.comparison)
}

/// Publications that several methods come from.
enum Source {
    public static let comparison =
        "Baur et al., Autoencoders for unsupervised anomaly segmentation in brain MR images: a comparative study, "
        + "Medical Image Analysis 69, 2021"
    public static let gradients =
        "Zimmerer et al., Unsupervised anomaly localization using variational auto-encoders, MICCAI 2019"
    public static let featureAutoencoder =
        "Meissen et al., Unsupervised anomaly localization with structural feature-autoencoders, BrainLes 2022"
}
