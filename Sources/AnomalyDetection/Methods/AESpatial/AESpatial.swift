import Catalogue
import Torch

/// AE-Spatial: the autoencoder with a convolutional bottleneck, trained with and scored by mean(e²).
final class AESpatial: ReconstructionModel {
    override class func makeNetwork(_ settings: MethodSettings, generator: Generator) throws -> any Layer {
        try SpatialAutoencoder(BackboneShape(settings), generator: generator)
    }
}

extension Method {
    static let aeSpatial = Method(.aeSpatial, small: .smallAutoencoder, model: AESpatial.self) { model, settings, _ in
        try model.residualScorer(settings)
    }
}
