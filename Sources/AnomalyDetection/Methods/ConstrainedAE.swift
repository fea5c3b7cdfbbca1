import Torch

/// Constrained AE (Chen and Konukoglu, 2018): the reconstruction must also have the image's code. Trained with mean(e²) +
/// w mean((z - z')²), z' being the code of x̂ by the same encoder, with no side detached; scored by e² (specification 2.2).
public final class ConstrainedAE: ReconstructionMethod, SingleLossMethod {
    public static let name = "constrained-ae"

    private let encoding: Autoencoder
    private let weight: Double

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        encoding = try Autoencoder(BackboneShape(settings), generator: generator)
        weight = try settings.number("code_weight")
        try super.init(settings, autoencoder: encoding, distance: .squared)
    }

    public override func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        let (reconstruction, codeDistance) = try codeDistance(images)
        return try distance.loss(images, reconstruction) + codeDistance * weight
    }

    /// x̂ and mean((z - z')²).
    func codeDistance(_ images: Tensor) throws -> (reconstruction: Tensor, distance: Tensor) {
        let code = try encoding.encode(images)
        let reconstruction = try encoding.decode(code)
        return (reconstruction, try (code - encoding.encode(reconstruction)).squared().mean())
    }
}
