/// The training core's methods; ``Catalogue/methods`` describes the same ones.
public enum MethodRegistry {
    public static var methods: [any Method.Type] { [AE.self, AEL1.self, AESSIM.self, VAE.self] }

    /// The method called `name`.
    public static func method(_ name: String) -> (any Method.Type)? { methods.first { $0.name == name } }
}
