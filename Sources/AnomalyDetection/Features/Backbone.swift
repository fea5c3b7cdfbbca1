import Catalogue
import Torch

extension Backbone {
    /// The network that a job's options `backbone` and `weights` describe, frozen and in evaluation mode.
    /// - Parameter reach: how deep its features go.
    /// - Throws: ``TrainingError`` when this machine lacks the weights, ``TorchError`` when they cannot be read.
    static func network(
        _ settings: MethodSettings, context: ModelContext, reach: BackboneReach = .eighth
    ) throws -> any FeatureNetwork {
        let backbone = try settings[BackboneOptions.backbone]
        let generator = context.generator
        let stages = reach.rawValue
        let network: any FeatureNetwork = switch backbone {
        case .vgg19: try VGG19Features(generator: generator)
        case .resNet18: try ResNet(.resNet18, stages: stages, generator: generator)
        case .wideResNet50: try ResNet(.wideResNet50, stages: stages, generator: generator)
        case .efficientNetLite0: try EfficientNetLite0(levels: stages + 1, generator: generator)
        }
        if try settings[BackboneOptions.weights] == .random {
            try network.drawWeights(generator: generator)
        } else {
            try network.loadPublished(context.weights.file(backbone.rawValue))
        }
        try network.freeze()
        network.train(false)
        return network
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
