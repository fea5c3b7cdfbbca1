/// Options that several methods share.
extension Catalogue {
    /// What every method has: the study's training protocol, with the numbers in which a few methods differ.
    static func training(
        epochs: OptionDescription = epochs(250), batchSize: Int = 64, inputSize: Int = 64, color: Setting = "grey"
    ) -> [OptionDescription] {
        [
            epochs,
            .init("batch_size", .integer(2...65_536), default: .integer(batchSize),
                  "images a step; the last partial batch is kept"),
            .init("learning_rate", .number(1e-9...10), default: 1e-3, "Adam's step size"),
            .init("input_size", .multiple(of: 16, 16...1024), default: .integer(inputSize),
                  "side of the square input in pixels"),
            .init("color", .choice(["grey", "rgb"]), default: color, "what the images are converted to: 1 or 3 channels"),
            .init("threads", .integer(1...1024), default: 1, "compute threads; changes the last digits of a result"),
        ]
    }

    static func epochs(
        _ count: Int, followsDataset: Bool = true, _ summary: String = "passes over the training images"
    ) -> OptionDescription {
        .init("epochs", .integer(1...1_000_000), default: .integer(count), followsDataset: followsDataset, summary)
    }

    static func latentSize(_ size: Int, _ summary: String = "size of the code") -> OptionDescription {
        .init("latent_size", .integer(1...65_536), default: .integer(size), summary)
    }

    static func baseChannels(_ count: Int) -> OptionDescription {
        .init("base_channels", .integer(1...1024), default: .integer(count), "channels next to the image")
    }

    /// A weight of a loss's term.
    static func weight(_ name: String, _ value: Setting, _ summary: String) -> OptionDescription {
        .init(name, .number(0...1e6), default: value, summary)
    }

    /// The common autoencoder backbone (section 3 of the study).
    static let autoencoder: [OptionDescription] = training() + [
        latentSize(16),
        .init("hidden_size", .integer(1...65_536), default: 1024, "size of the hidden layer on either side of the code"),
        .init("width", .integer(1...64), default: 1, "multiple of the backbone's 16 base channels"),
        .init("depth", .integer(1...16), default: 1, "convolutions in each block"),
    ]

    static let mapStretching = OptionDescription(
        "map_stretching", .boolean, default: true, isOmittedAtDefault: true,
        "whether SSIM's map, 10 pixels smaller than the image, is stretched over it, as the study, or stays in its place")

    /// The variational autoencoder's.
    static let variational = autoencoder + [
        weight("kl_weight", 0.005, "weight of the Kullback-Leibler term"),
        .init("score_sampling", .boolean, default: true, isOmittedAtDefault: true,
              "whether scoring draws the code, as the study, or takes its mean"),
    ]
}
