import Torch

/// A method that trains an autoencoder to reconstruct and scores by the same distance. Subclasses change the loss or
/// the score.
public class ReconstructionMethod {
    let autoencoder: any Layer
    let distance: Distance
    public final let length: TrainingLength

    /// - Parameter autoencoder: `[N, C, S, S]` → `[N, C, S, S]`.
    init(_ settings: MethodSettings, autoencoder: any Layer, distance: Distance) throws {
        self.autoencoder = autoencoder
        self.distance = distance
        length = .epochs(try settings.integer("epochs"))
    }

    public final var network: Module { autoencoder }

    public func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        try distance.loss(images, autoencoder(images))
    }

    public func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        try AnomalyScores(map: distance.map(images, autoencoder(images)))
    }

    public final func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? {
        try autoencoder(images)
    }
}
