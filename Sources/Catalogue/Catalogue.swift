/// The methods and data sets that sweep files can name. A new method is one line here, its description in `Methods/`, and its folder
/// in the training core's `Methods/`.
public enum Catalogue {
    /// The version of the training core's numbers. It is part of every job's identity and is raised whenever a
    /// change makes any job end with other numbers.
    public static let coreVersion = 2

    /// All methods, in the order of the study's table, then those beyond it.
    public static let methods: [MethodDescription] = [
        .ae, .aeL1, .aeSSIM, .aeSpatial, .vae, .constrainedAE, .memAE, .ceAE, .fAnoGAN, .ganomaly, .aeU, .dae, .aeGrad, .vaeGradRec,
        .vaeGradKL, .vaeGradELBO, .vaeGradCombi, .aePerceptual, .faeSSIM, .faeMSE,
        .rd, .rdPlusPlus, .reContrast, .resNet18ImageNet, .resNet152ImageNet, .panda, .msc, .patchCore, .padim, .stfpm, .simpleNet,
        .anomalyDINO, .dinomaly,
    ]

    /// The study's seven data sets, then the three that `medsweep data demo` prepares.
    public static let datasets: [DatasetDescription] = [
        .init("rsna", title: "RSNA", folder: "RSNA", study: .init(train: 3851, testNormal: 1000, testAbnormal: 1000)),
        .init("vincxr", title: "VinDr-CXR", folder: "VinCXR", study: .init(train: 4000, testNormal: 1000, testAbnormal: 1000)),
        .init("brain", title: "BrainTumor", folder: "BrainTumor", defaults: ["epochs": 600, "noise_foreground": "batch"],
              study: .init(train: 1000, testNormal: 600, testAbnormal: 600)),
        .init("lag", title: "LAG", folder: "LAG", study: .init(train: 1500, testNormal: 811, testAbnormal: 811)),
        .init("isic", title: "ISIC2018", folder: "ISIC2018_Task3", layout: .isic,
              study: .init(train: 6705, testNormal: 909, testAbnormal: 603)),
        .init("c16", title: "Camelyon16", folder: "Camelyon16", defaults: ["color": "rgb"], layout: .camelyon,
              study: .init(train: 5088, testNormal: 1120, testAbnormal: 1113)),
        .init("brats", title: "BraTS2021", folder: "BraTS2021", defaults: ["noise_foreground": "batch"], layout: .brats,
              study: .init(train: 4211, testNormal: 828, testAbnormal: 1948, masks: 1948)),
        .init("colin27-axial", title: "Colin27 axial", folder: "colin27-axial", defaults: ["noise_foreground": "batch"]),
        .init("colin27-coronal", title: "Colin27 coronal", folder: "colin27-coronal", defaults: ["noise_foreground": "batch"]),
        .init("ihc-patches", title: "IHC patches", folder: "ihc-patches", defaults: ["color": "rgb"]),
    ]

    /// The method called `name`.
    public static func method(_ name: String) -> MethodDescription? { methodsByName[name] }

    private static let methodsByName = Dictionary(methods.map { ($0.name, $0) }) { first, _ in first }

    /// The data set called `name`.
    public static func dataset(_ name: String) -> DatasetDescription? { datasets.first { $0.name == name } }

    /// A method's name in tables; that of one that is not in the catalogue stands for itself.
    public static func title(ofMethod name: String) -> String { method(name)?.title ?? name }

    /// A data set's name in tables; one's own data set goes by its name.
    public static func title(ofDataset name: String) -> String { dataset(name)?.title ?? name }

    /// The data set called `name`, or that lies in a folder called so.
    public static func dataset(orFolder name: String) -> DatasetDescription? {
        dataset(name) ?? datasets.first { $0.folder == name }
    }
}
