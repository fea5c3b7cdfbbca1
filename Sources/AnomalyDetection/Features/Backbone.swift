import Catalogue
import Torch

extension Backbone {
    /// The network that a job's options `backbone` and `weights` describe, frozen and in evaluation mode.
    /// - Parameter reach: how deep its features go.
    /// - Throws: ``TrainingError`` when this machine lacks the weights, ``TorchError`` when they cannot be read.
    static func network(
        _ settings: MethodSettings, context: ModelContext, reach: BackboneReach = .eighth
    ) throws -> any FeatureNetwork {
        let network = try trainable(settings, context: context, reach: reach)
        try network.freeze()
        network.train(false)
        return network
    }

    /// The same network to be trained on.
    static func trainable(
        _ settings: MethodSettings, context: ModelContext, reach: BackboneReach, hasClassifier: Bool = false
    ) throws -> any FeatureNetwork {
        let backbone = try settings[BackboneOptions.backbone]
        let generator = context.generator
        let network = try backbone.network(reach, hasClassifier: hasClassifier, generator: generator)
        if try settings[BackboneOptions.weights] == .random {
            try network.drawWeights(generator: generator)
        } else {
            try network.loadPublished(context.weights.file(backbone.rawValue))
        }
        return network
    }

    /// The network, which has learnt nothing.
    func network(_ reach: BackboneReach, hasClassifier: Bool = false, generator: Generator) throws(TorchError) -> any FeatureNetwork {
        func residual(_ kind: ResNet.Kind) throws(TorchError) -> ResNet {
            try ResNet(kind, stages: reach.rawValue, hasClassifier: hasClassifier, generator: generator)
        }
        return switch self {
        case .vgg19: try VGG19Features(generator: generator)
        case .resNet18: try residual(.resNet18)
        case .resNet152: try residual(.resNet152)
        case .wideResNet50: try residual(.wideResNet50)
        case .efficientNetLite0:
            try EfficientNetLite0(levels: reach.rawValue + 1, hasClassifier: hasClassifier, generator: generator)
        case .dinov2Small: try VisionTransformer(.init(width: 384, depth: 12, heads: 6, registers: 0), generator: generator)
        case .dinov2SmallRegisters: try VisionTransformer(.init(width: 384, depth: 12, heads: 6, registers: 4), generator: generator)
        case .dinov2BaseRegisters: try VisionTransformer(.init(width: 768, depth: 12, heads: 12, registers: 4), generator: generator)
        case .tinyTransformer: try VisionTransformer(.init(width: 48, depth: 10, heads: 3, registers: 4), generator: generator)
        }
    }
}

/// How deep a backbone's features go; the number is that of a residual network's stages.
enum BackboneReach: Int {
    /// To 1/8 of the side. The levels are: of residual networks the stem and two stages, of `efficientnet-lite0` the first three,
    /// of `vgg19` that of relu4_2 alone.
    case eighth = 2
    /// To 1/16 of the side: one level more.
    case sixteenth = 3
    /// All there is.
    case whole = 4
}
