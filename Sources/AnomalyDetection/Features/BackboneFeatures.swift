import Catalogue
import Torch

/// What decides on the features that a backbone gives of an image.
enum BackboneFeatures {
    /// The part of a ``FeatureCache``'s key that a job's options give, the engine included: others give other last digits.
    static func key(_ settings: MethodSettings) throws(TrainingError) -> [String] {
        [
            try settings[BackboneOptions.backbone].rawValue, try settings[BackboneOptions.weights].rawValue,
            "\(try settings.inputSize)", try settings[InputOptions.precision].rawValue, LibTorch.version, LibTorch.kernels,
            "\(LibTorch.threads)",
        ]
    }
}

extension Backbone {
    /// What the network was trained to see.
    var normalisation: ImageNormalisation {
        switch self {
        case .vgg19, .resNet18, .resNet152, .wideResNet50, .dinov2Small, .dinov2SmallRegisters, .dinov2BaseRegisters, .tinyTransformer:
            .imageNet
        // (v - 127) / 128
        case .efficientNetLite0: ImageNormalisation(
            mean: .init(repeating: 127 / 255, count: 3), deviation: .init(repeating: 128 / 255, count: 3))
        }
    }
}
