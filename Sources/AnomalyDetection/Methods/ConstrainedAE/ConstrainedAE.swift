import Catalogue
import Torch

/// Constrained AE (Chen and Konukoglu, 2018): the reconstruction must also have the image's code. Trained with mean(e²) +
/// w mean((z - z')²), z' being the code of x̂ by the same encoder, with no side detached; scored by e².
final class ConstrainedAE: ReconstructionModel {
    override func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        let (reconstruction, codeDistance) = try codeDistance(images)
        return try Self.distance.loss(images, reconstruction) + codeDistance * settings[ConstrainedAEOptions.codeWeight]
    }

    /// x̂ and mean((z - z')²).
    func codeDistance(_ images: Tensor) throws -> (reconstruction: Tensor, distance: Tensor) {
        guard let network = autoencoder as? Autoencoder else { throw TorchError("the network has no code of its own") }
        let code = try network.encode(images)
        let reconstruction = try network.decode(code)
        return (reconstruction, try (code - network.encode(reconstruction)).squared().mean())
    }
}

extension Method {
    static let constrainedAE = Method(.constrainedAE, small: .smallAutoencoder, model: ConstrainedAE.self) { model, settings, _ in
        try model.residualScorer(settings)
    }
}
