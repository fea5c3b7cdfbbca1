import Torch

/// The pretrained networks that the option `backbone` can name.
enum Backbone: String {
    case vgg19
    case resNet18 = "resnet18"
    case efficientNetLite0 = "efficientnet-lite0"

    /// The network that a job's options `backbone` and `weights` describe, frozen, as far as its features at 1/8 of the
    /// side. Its levels are: of `resnet18` the stem and two stages, of `efficientnet-lite0` the first three, of `vgg19` that of
    /// relu4_2 alone.
    /// - Throws: ``TrainingError`` when this machine lacks the weights, ``TorchError`` when they cannot be read.
    static func network(
        _ settings: MethodSettings, weights: PretrainedWeights, generator: Generator
    ) throws -> any FeatureNetwork {
        let name = try settings.text("backbone")
        guard let backbone = Backbone(rawValue: name) else {
            throw TrainingError("this worker does not know the backbone '\(name)'; update it to the coordinator's version")
        }
        let network: any FeatureNetwork = switch backbone {
        case .vgg19: try VGG19Features(generator: generator)
        case .resNet18: try ResNet(.resNet18, stages: 2, generator: generator)
        case .efficientNetLite0: try EfficientNetLite0(levels: 3, generator: generator)
        }
        if try settings.text("weights") == "random" {
            try network.drawWeights(generator: generator)
        } else {
            try network.loadPublished(weights.file(name))
        }
        try network.freeze()
        network.train(false)
        return network
    }
}
