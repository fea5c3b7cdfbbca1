/// The training core's methods; ``Catalogue/methods`` describes the same ones.
public enum MethodRegistry {
    public static var methods: [any Method.Type] {
        [
            AE.self, AEL1.self, AESSIM.self, AESpatial.self, VAE.self, ConstrainedAE.self, MemAE.self, CeAE.self,
            FAnoGAN.self, GANomaly.self, AEU.self, DAE.self, AEGrad.self, VAEGradRec.self, VAEGradKL.self,
            VAEGradELBO.self, VAEGradCombi.self, AEPerceptual.self, FAESSIM.self, FAEMSE.self,
        ]
    }

    /// The method called `name`.
    public static func method(_ name: String) -> (any Method.Type)? { methods.first { $0.name == name } }
}
