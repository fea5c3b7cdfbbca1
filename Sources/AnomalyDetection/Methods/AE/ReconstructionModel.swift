import Catalogue
import Torch

/// A model that trains an autoencoder to reconstruct its images. Subclasses change the distance, the network or the loss.
class ReconstructionModel: Model {
    final let autoencoder: any Layer
    final let settings: MethodSettings

    /// How far a reconstruction is from its image.
    class var distance: Distance { .squared }

    /// The network, `[N, C, S, S]` → `[N, C, S, S]`.
    class func makeNetwork(_ settings: MethodSettings, generator: Generator) throws -> any Layer {
        try Autoencoder(BackboneShape(settings), generator: generator)
    }

    required init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        autoencoder = try Self.makeNetwork(settings, generator: context.generator)
    }

    final var network: Module { autoencoder }

    final var stages: [Stage] {
        get throws { [try .training(settings, of: network) { try self.loss($0, generator: $1) }] }
    }

    /// The training loss of a batch, a scalar.
    func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        try Self.distance.loss(images, autoencoder(images))
    }

    final func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? { try autoencoder(images) }

    /// Scores by the distance that is trained.
    final func residualScorer(_ settings: MethodSettings) throws -> MapScorer {
        try MapScorer(settings) { images, _ in .init(try Self.distance.map(images, self.autoencoder(images))) }
    }
}
