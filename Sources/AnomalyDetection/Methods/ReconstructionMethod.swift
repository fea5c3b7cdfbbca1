import Torch

/// A method that trains the common autoencoder to reconstruct and scores by the same distance.
public class ReconstructionMethod {
    let autoencoder: Autoencoder
    private let distance: Distance
    public final let length: TrainingLength

    init(_ settings: MethodSettings, distance: Distance, generator: Generator) throws {
        autoencoder = try Autoencoder(BackboneShape(settings), generator: generator)
        self.distance = distance
        length = .epochs(try settings.integer("epochs"))
    }

    public final var network: Module { autoencoder }

    public final func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        try distance.loss(images, autoencoder(images))
    }

    public final func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        try AnomalyScores(map: distance.map(images, autoencoder(images)))
    }
}
