/// Multiply-accumulates, parameters and activations of pretrained networks, for an image of `side` pixels.
struct BackboneSizes {
    let backbone: Backbone
    let side: Double

    init(_ sizes: NetworkSizes) {
        backbone = sizes[BackboneOptions.backbone]
        side = sizes[BackboneOptions.crop] == .none ? sizes.side : sizes.side * 7 / 8
    }

    /// Of one pass at 224 pixels through the stages as far as those at 1/8 and at 1/16 of the side, and through all of them, as the
    /// networks' authors count them or layer by layer from their definitions.
    private var work: (eighth: Double, sixteenth: Double, whole: Double) {
        switch backbone {
        case .vgg19: (13.9e9, 19.5e9, 19.5e9)
        case .resNet18: (0.986e9, 1.397e9, 1.81e9)
        case .resNet152: (2.69e9, 10.69e9, 11.51e9)
        case .wideResNet50: (4.9e9, 9.9e9, 11.4e9)
        case .efficientNetLite0: (0.15e9, 0.30e9, 0.38e9)
        case .dinov2Small, .dinov2SmallRegisters, .dinov2BaseRegisters, .tinyTransformer: (0, 0, 0)
        }
    }

    private var scale: Double { side * side / (224 * 224) }
    /// As far as features at 1/8 of the side.
    var toEighth: Double { transformer?.work ?? work.eighth * scale }
    /// As far as features at 1/16 of the side.
    var toSixteenth: Double { transformer?.work ?? work.sixteenth * scale }
    /// To the pooled features.
    var whole: Double { transformer?.work ?? work.whole * scale }

    /// The sizes of a vision transformer; `nil` for a network of convolutions.
    var transformer: TransformerSize? {
        let tokens = 1 + (side / 14) * (side / 14)
        return switch backbone {
        case .dinov2Small: TransformerSize(width: 384, depth: 12, heads: 6, tokens: tokens)
        case .dinov2SmallRegisters: TransformerSize(width: 384, depth: 12, heads: 6, tokens: tokens + 4)
        case .dinov2BaseRegisters: TransformerSize(width: 768, depth: 12, heads: 12, tokens: tokens + 4)
        case .tinyTransformer: TransformerSize(width: 48, depth: 10, heads: 3, tokens: tokens + 4)
        default: nil
        }
    }

    /// Without the classifier.
    var parameters: Double {
        switch backbone {
        case .vgg19: 20.0e6
        case .resNet18: 11.2e6
        case .resNet152: 58.1e6
        case .wideResNet50: 66.8e6
        case .efficientNetLite0: 3.4e6
        case .dinov2Small, .dinov2SmallRegisters, .dinov2BaseRegisters, .tinyTransformer: transformer?.parameters ?? 0
        }
    }

    /// Numbers of the largest layers of an image that a pass without gradients holds at a time.
    var peak: Double {
        if let transformer { return transformer.peak }
        let widest: Double = switch backbone {
        case .vgg19: 3 * 64
        case .resNet18: 3 * 64 / 4
        case .resNet152, .wideResNet50: 4 * 256 / 16
        case .efficientNetLite0: 3 * 96 / 4
        case .dinov2Small, .dinov2SmallRegisters, .dinov2BaseRegisters, .tinyTransformer: 0
        }
        return widest * side * side
    }

    /// Channels of the features at 1/4, 1/8 and 1/16 of the side.
    var levels: [Double] {
        switch backbone {
        case .vgg19: [256, 512, 512]
        case .resNet18: [64, 128, 256]
        case .resNet152, .wideResNet50: [256, 512, 1024]
        case .efficientNetLite0: [24, 40, 112]
        case .dinov2Small, .dinov2SmallRegisters, .dinov2BaseRegisters, .tinyTransformer:
            [Double](repeating: transformer?.width ?? 0, count: 3)
        }
    }

    /// Numbers that a training step keeps of an image on the way through the network, and through its part beyond 1/8 of the side.
    var activations: (whole: Double, deep: Double) {
        let places = side * side / 16
        return switch backbone {
        case .vgg19: (150 * places, 20 * places)
        case .resNet18: (1200 * places, 200 * places)
        case .resNet152: (16_000 * places, 8000 * places)
        case .wideResNet50: (7000 * places, 3000 * places)
        case .efficientNetLite0: (1600 * places, 400 * places)
        case .dinov2Small, .dinov2SmallRegisters, .dinov2BaseRegisters, .tinyTransformer:
            (transformer?.activations ?? 0, transformer?.activations ?? 0)
        }
    }

    /// Parameters of the part beyond 1/8 of the side, without the classifier.
    var deepParameters: Double {
        switch backbone {
        case .vgg19: 9.4e6
        case .resNet18: 10.5e6
        case .resNet152: 55.6e6
        case .wideResNet50: 64.4e6
        case .efficientNetLite0: 3.3e6
        case .dinov2Small, .dinov2SmallRegisters, .dinov2BaseRegisters, .tinyTransformer: transformer?.parameters ?? 0
        }
    }

    /// Channels of the features at 1/8 and 1/16 of the side, of which patches are put together.
    var patchChannels: Double { levels[1] + levels[2] }
    /// Channels of the pooled features.
    var pooledChannels: Double {
        switch backbone {
        case .vgg19, .resNet18: 512
        case .resNet152, .wideResNet50: 2048
        case .efficientNetLite0: 320
        case .dinov2Small, .dinov2SmallRegisters, .dinov2BaseRegisters, .tinyTransformer: transformer?.width ?? 0
        }
    }
}
