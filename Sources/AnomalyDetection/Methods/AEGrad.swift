import Torch

/// AE-Grad: trained as AE; scored by |∂ mean(e²) / ∂x|, the gradient flowing through x and x̂(x) (specification 2.2).
public final class AEGrad: ReconstructionMethod, SingleLossMethod {
    public static let name = "ae-grad"

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        try super.init(
            settings, autoencoder: Autoencoder(BackboneShape(settings), generator: generator), distance: .squared)
    }

    public var scoresByGradients: Bool { true }

    public override func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let gradient = try GradientMap.magnitude(images) { try distance.loss($0, autoencoder($0)) }
        return try AnomalyScores(map: gradient.mean(axes: [1], keepingDimensions: true))
    }
}
