/// Multiply-accumulates, parameters and activations of pretrained networks, for an image of `side` pixels.
struct BackboneSizes {
    let backbone: Backbone
    let side: Double

    init(_ sizes: NetworkSizes) {
        backbone = sizes[BackboneOptions.backbone]
        side = sizes.side
    }

    /// Of one pass at 224 pixels through the stages as far as those at 1/8 and at 1/16 of the side, and through all of them, as the
    /// networks' authors count them or layer by layer from their definitions.
    private var work: (eighth: Double, sixteenth: Double, whole: Double) {
        switch backbone {
        case .vgg19: (13.9e9, 19.5e9, 19.5e9)
        case .resNet18: (0.986e9, 1.397e9, 1.81e9)
        case .wideResNet50: (4.9e9, 9.9e9, 11.4e9)
        case .efficientNetLite0: (0.15e9, 0.30e9, 0.38e9)
        }
    }

    private var scale: Double { side * side / (224 * 224) }
    /// As far as features at 1/8 of the side.
    var toEighth: Double { work.eighth * scale }
    /// As far as features at 1/16 of the side.
    var toSixteenth: Double { work.sixteenth * scale }
    /// To the pooled features.
    var whole: Double { work.whole * scale }

    /// Without the classifier.
    var parameters: Double {
        switch backbone {
        case .vgg19: 20.0e6
        case .resNet18: 11.2e6
        case .wideResNet50: 66.8e6
        case .efficientNetLite0: 3.4e6
        }
    }

    /// Numbers of the largest layers of an image that a pass without gradients holds at a time.
    var peak: Double {
        let widest: Double = switch backbone {
        case .vgg19: 3 * 64
        case .resNet18: 3 * 64 / 4
        case .wideResNet50: 4 * 256 / 16
        case .efficientNetLite0: 3 * 96 / 4
        }
        return widest * side * side
    }

    /// Channels of the features at 1/8 and 1/16 of the side, of which patches are put together.
    var patchChannels: Double {
        switch backbone {
        case .vgg19: 512 + 512
        case .resNet18: 128 + 256
        case .wideResNet50: 512 + 1024
        case .efficientNetLite0: 40 + 112
        }
    }
}
