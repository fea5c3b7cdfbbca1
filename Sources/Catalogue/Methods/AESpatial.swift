public enum AESpatialOptions {
    public static let channels = AutoencoderOptions.latentSize.with(summary: "channels of the code")
    public static let hidden = AutoencoderOptions.hiddenSize.with(summary: "channels on either side of the code")
}

extension ModelDescription {
    public static let aeSpatial = ModelDescription(
        "ae-spatial",
        options: TrainingOptions.all() + [
            AESpatialOptions.channels.description, AESpatialOptions.hidden.description, AutoencoderOptions.width.description,
            AutoencoderOptions.depth.description,
        ]
    ) { $0.demand(parameters: 0.4e6, activations: $0.autoencoderActivations) } stages: {
        [.training($0, perImage: 3 * $0.spatialAutoencoder)]
    }
}

extension MethodDescription {
    public static let aeSpatial = MethodDescription(
        "ae-spatial", title: "AE-Spatial", family: .imageReconstruction, model: .aeSpatial,
        scorer: .residual { $0.spatialAutoencoder },
        summary: "autoencoder whose code keeps the places; score: mean squared error",
        equation: """
            code = 1×1 convolutions to hidden_size and latent_size channels, at 1/16 of the image's size
            loss = mean(e²)
            map = e², mean over channels; score = mean of the map
            """,
        source: Source.comparison)
}
