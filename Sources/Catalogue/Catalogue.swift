/// The methods and data sets that sweep files can name. A new method is one line here and one file in the
/// training core's `Methods/`.
public enum Catalogue {
    /// The version of the training core's numbers. It is part of every job's identity and is raised whenever a
    /// change makes any job end with other numbers.
    public static let coreVersion = 1

    /// The name among a job's files of its trained weights.
    public static let weightsFile = "weights.safetensors"

    /// All methods, in the order of the study's table.
    public static let methods: [MethodDescription] = [
        .init("ae", title: "AE", family: .imageReconstruction, options: autoencoder,
              summary: "autoencoder, squared error; score: mean squared error"),
        .init("ae-l1", title: "AE-l1", family: .imageReconstruction, options: autoencoder,
              summary: "autoencoder, absolute error; score: mean absolute error"),
        .init("ae-ssim", title: "AE-SSIM", family: .imageReconstruction, options: autoencoder,
              summary: "autoencoder, structural dissimilarity; score: mean of the resized 1 - SSIM map"),
        .init("vae", title: "VAE", family: .imageReconstruction, options: autoencoder + [klWeight],
              summary: "variational autoencoder; score: mean squared error of one posterior draw"),
    ]

    /// The study's seven data sets, then the three that `medsweep data demo` prepares.
    public static let datasets: [DatasetDescription] = [
        .init("rsna", title: "RSNA", folder: "RSNA"),
        .init("vincxr", title: "VinDr-CXR", folder: "VinCXR"),
        .init("brain", title: "BrainTumor", folder: "BrainTumor", defaults: ["epochs": 600]),
        .init("lag", title: "LAG", folder: "LAG"),
        .init("isic", title: "ISIC2018", folder: "ISIC2018_Task3"),
        .init("c16", title: "Camelyon16", folder: "Camelyon16", defaults: ["color": "rgb"]),
        .init("brats", title: "BraTS2021", folder: "BraTS2021"),
        .init("colin27-axial", title: "Colin27 axial", folder: "colin27-axial"),
        .init("colin27-coronal", title: "Colin27 coronal", folder: "colin27-coronal"),
        .init("ihc-patches", title: "IHC patches", folder: "ihc-patches", defaults: ["color": "rgb"]),
    ]

    /// The method called `name`.
    public static func method(_ name: String) -> MethodDescription? { methods.first { $0.name == name } }

    /// The data set called `name`.
    public static func dataset(_ name: String) -> DatasetDescription? { datasets.first { $0.name == name } }

    /// What every method has: the study's training protocol.
    private static let training: [OptionDescription] = [
        .init("epochs", .integer(1...1_000_000), default: 250, "passes over the training images"),
        .init("batch_size", .integer(2...65_536), default: 64, "images a step; the last partial batch is kept"),
        .init("learning_rate", .number(1e-9...10), default: 1e-3, "Adam's step size"),
        .init("input_size", .multiple(of: 16, 16...1024), default: 64, "side of the square input in pixels"),
        .init("color", .choice(["grey", "rgb"]), default: "grey", "what the images are converted to: 1 or 3 channels"),
        .init("threads", .integer(1...1024), default: 1, "compute threads; changes the last digits of a result"),
    ]

    /// The common autoencoder backbone (section 3 of the study).
    private static let autoencoder: [OptionDescription] = training + [
        .init("latent_size", .integer(1...65_536), default: 16, "size of the code"),
        .init("hidden_size", .integer(1...65_536), default: 1024, "size of the hidden layer on either side of the code"),
        .init("width", .integer(1...64), default: 1, "multiple of the backbone's 16 base channels"),
        .init("depth", .integer(1...16), default: 1, "convolutions in each block"),
    ]

    private static let klWeight = OptionDescription(
        "kl_weight", .number(0...1e6), default: 0.005, "weight of the Kullback-Leibler term")
}
