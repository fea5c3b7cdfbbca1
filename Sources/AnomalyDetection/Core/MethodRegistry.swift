/// The training core's methods; the catalogue describes the same ones.
public enum MethodRegistry {
    public static let methods: [Method] = [
        .ae, .aeL1, .aeSSIM, .aeSpatial, .vae, .constrainedAE, .memAE, .ceAE, .fAnoGAN, .ganomaly, .aeU, .dae, .aeGrad, .vaeGradRec,
        .vaeGradKL, .vaeGradELBO, .vaeGradCombi, .aePerceptual, .faeSSIM, .faeMSE,
        .rd, .rdPlusPlus, .reContrast, .resNet18ImageNet, .resNet152ImageNet, .panda, .msc, .patchCore, .padim, .stfpm, .simpleNet,
        .anomalyDINO, .dinomaly,
    ]

    /// The method called `name`.
    public static func method(_ name: String) -> Method? { methods.first { $0.name == name } }
}
