/// What images are converted to.
public enum ImageColor: String, OptionWord {
    case grey, rgb

    /// Channels of such an image.
    public var channels: Int { self == .grey ? 1 : 3 }
}

/// The arithmetic of networks.
public enum Precision: String, OptionWord {
    /// Single precision throughout.
    case float32
    /// Single precision, whose products a GPU rounds to ten bits of mantissa; on the CPU the same as `float32`.
    case tf32
    /// Convolutions and matrix products in bfloat16, everything else in single precision.
    case bfloat16
}

/// What every trained model has: the study's protocol.
public enum TrainingOptions {
    public static let epochs = MethodOption.integer(
        "epochs", 1...1_000_000, default: 250, unit: "passes", "passes over the training images")
    public static let batchSize = MethodOption.integer(
        "batch_size", 2...65_536, default: 64, unit: "images", "images a step; the last partial batch is kept")
    public static let learningRate = MethodOption.number("learning_rate", 1e-9...10, default: 1e-3, "Adam's step size")

    /// - Parameters: the numbers in which a few models differ.
    static func all(
        epochs: MethodOption<Int> = epochs, batchSize: Int = 64, inputSize: Int = 64, color: ImageColor = .grey
    ) -> [OptionDescription] {
        [
            epochs.description, Self.batchSize.defaulting(to: batchSize).description, learningRate.description,
            InputOptions.size.defaulting(to: inputSize).description, InputOptions.color.defaulting(to: color).description,
            InputOptions.precision.description,
        ]
    }
}

/// What a model sees of its images.
public enum InputOptions {
    public static let size = MethodOption.multiple(
        "input_size", of: 16, 16...1024, default: 64, unit: "pixels", "side of the square input")
    public static let color = MethodOption.choice(
        "color", default: ImageColor.grey, "what the images are converted to: 1 or 3 channels")
    /// Pretrained networks take three channels.
    static let rgbOnly = MethodOption.choice(
        "color", [ImageColor.rgb], default: .rgb, "what the images are converted to: 3 channels, as pretrained networks take them")
    public static let precision = MethodOption.choice(
        "precision", default: Precision.float32, followsDataset: false,
        "arithmetic of convolutions and matrix products: single precision, on a GPU with TF32, or bfloat16")
}

/// The study's common autoencoder (section 3 of the study).
public enum AutoencoderOptions {
    public static let latentSize = MethodOption.integer("latent_size", 1...65_536, default: 16, "size of the code")
    public static let hiddenSize = MethodOption.integer(
        "hidden_size", 1...65_536, default: 1024, "size of the hidden layer on either side of the code")
    public static let width = MethodOption.integer("width", 1...64, default: 1, "multiple of the backbone's 16 base channels")
    public static let depth = MethodOption.integer("depth", 1...16, default: 1, "convolutions in each block")
    /// Of networks that are not the common one.
    public static let baseChannels = MethodOption.integer("base_channels", 1...1024, default: 64, "channels next to the image")

    static let all: [OptionDescription] = TrainingOptions.all() + [
        latentSize.description, hiddenSize.description, width.description, depth.description,
    ]
}

/// The pretrained network of methods that look at images through one.
public enum BackboneOptions {
    public static let backbone = MethodOption.choice("backbone", default: Backbone.resNet18, "the network that gives the features")
    public static let weights = MethodOption.choice("weights", default: BackboneWeights.imageNet, "the weights of that network")
    public static let crop = MethodOption.choice(
        "crop", default: ImageCrop.none, "what of each image the network sees: all of it, or the middle seven eighths of its side")

    /// - Parameter backbones: those that the method takes; the first one is its default.
    static func all(_ backbones: Backbone...) -> [OptionDescription] { all(backbones) }

    static func all(_ backbones: [Backbone]) -> [OptionDescription] {
        [
            MethodOption.choice("backbone", backbones, default: backbones[0], backbone.description.summary).description,
            weights.description,
        ]
    }
}

/// The pretrained networks that the option `backbone` can name; each is also the name of its published weights.
public enum Backbone: String, OptionWord {
    case vgg19
    case resNet18 = "resnet18"
    case resNet152 = "resnet152"
    case wideResNet50 = "wide_resnet50_2"
    case efficientNetLite0 = "efficientnet-lite0"
    /// DINOv2's vision transformers with patches of 14 pixels (Oquab et al., 2024), the latter two with registers (Darcet et
    /// al., 2024).
    case dinov2Small = "dinov2_vits14"
    case dinov2SmallRegisters = "dinov2_vits14_reg4"
    case dinov2BaseRegisters = "dinov2_vitb14_reg4"
    /// A transformer of the same make, small enough for trials; nobody has trained one.
    case tinyTransformer = "vit_tiny14"
}

/// What of an image a network sees.
public enum ImageCrop: String, OptionWord {
    case none
    /// The middle seven eighths of the side: 224 of 256 pixels.
    case center

    /// The side of the square that is seen of an image of `side` pixels.
    public func side(of side: Int) -> Int { self == .none ? side : side * 7 / 8 }
}

/// Where a backbone's weights come from.
public enum BackboneWeights: String, OptionWord {
    case imageNet = "imagenet"
    /// Drawn from the job's stream: a network of the same shape that has learnt nothing.
    case random
}

/// How an anomaly map becomes the score of its image.
public enum MapReading: String, OptionWord {
    case mean
    case maximum = "max"
    /// The mean of the highest hundredth of the map, of one pixel at least.
    case topPercent = "top1%"
}

/// What scorers with a map have.
public enum MapOptions {
    public static let score = MethodOption.choice(
        "score", default: MapReading.mean, "how a map becomes its image's score: its mean, its maximum, or the mean of its highest 1 %")
    public static let smoothing = MethodOption.number(
        "map_smoothing", 0...100, default: 4, unit: "pixels", "standard deviation of the Gaussian that smooths the map; 0: none")
}
