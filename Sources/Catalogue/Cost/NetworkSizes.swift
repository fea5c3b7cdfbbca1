/// Multiply-accumulates of one forward pass of an image through the study's networks, layer by layer from the
/// options that give their sizes. Norms and activations are left out.
struct NetworkSizes {
    private let configuration: Settings
    /// Side of the input.
    let side: Double
    /// C, channels of the image.
    let channels: Double

    init(_ configuration: Settings) {
        self.configuration = configuration
        side = Double(InputOptions.size.value(in: configuration) ?? 64)
        channels = Double((InputOptions.color.value(in: configuration) ?? .grey).channels)
    }

    /// An option's value, or the option's default where the configuration lacks it.
    subscript<Value: OptionValue>(_ option: MethodOption<Value>) -> Value {
        option.value(in: configuration) ?? Value(setting: option.description.defaultValue)!
    }

    /// A convolution with a kernel of `kernel` × `kernel` to `side` × `side` pixels; a transposed one from there.
    static func convolution(_ kernel: Double, _ inputs: Double, _ outputs: Double, side: Double) -> Double {
        kernel * kernel * inputs * outputs * side * side
    }

    // MARK: The common backbone

    private var width: Double { 16 * Double(self[AutoencoderOptions.width]) }
    private var hidden: Double { Double(self[AutoencoderOptions.hiddenSize]) }
    private var latent: Double { Double(self[AutoencoderOptions.latentSize]) }

    /// The four blocks on one side of the code; those of the decoder are the same turned round.
    private var blocks: Double {
        let sizes = [channels, width, 2 * width, 4 * width, 4 * width]
        return (1...4).reduce(0) { sum, level in
            let side = side / Double(1 << level)
            let further = Double(self[AutoencoderOptions.depth] - 1) * Self.convolution(3, sizes[level], sizes[level], side: side)
            return sum + Self.convolution(4, sizes[level - 1], sizes[level], side: side) + further
        }
    }

    private var bottleneck: Double { 4 * width * side * side / 256 * hidden + hidden * latent }

    /// Image to code.
    var encoder: Double { blocks + bottleneck }
    /// Image to code to image.
    var autoencoder: Double { 2 * encoder }
    /// The same with a code that keeps the places.
    var spatialAutoencoder: Double { 2 * (blocks + (4 * width * hidden + hidden * latent) * side * side / 256) }

    // MARK: Larger networks

    /// VGG19 up to relu4_2 (Simonyan and Zisserman, 2015).
    var perceptual: Double {
        let layers: [(inputs: Double, outputs: Double, level: Double)] = [
            (3, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 2), (128, 256, 4), (256, 256, 4), (256, 256, 4), (256, 256, 4),
            (256, 512, 8), (512, 512, 8),
        ]
        return layers.reduce(0) { $0 + Self.convolution(3, $1.inputs, $1.outputs, side: side / $1.level) }
    }

    /// DAE's U-Net: two convolutions a level on either side, the upper side's first from twice the channels.
    var unet: Double {
        let (base, levels) = (Double(self[AutoencoderOptions.baseChannels]), self[DAEOptions.levels])
        return (0..<levels).reduce(Self.convolution(1, base, channels, side: side)) { sum, level in
            let (width, side) = (base * Double(1 << level), side / Double(1 << level))
            let inputs = level == 0 ? channels : width / 2
            var work = Self.convolution(3, inputs, width, side: side) + Self.convolution(3, width, width, side: side)
            if level < levels - 1 {
                work += Self.convolution(2, 2 * width, width, side: side / 2)
                work += Self.convolution(3, 2 * width, width, side: side) + Self.convolution(3, width, width, side: side)
            }
            return sum + work
        }
    }

    /// f-AnoGAN's generator: four residual blocks that double the side from 1/16.
    var residualGenerator: Double {
        let base = Double(self[AutoencoderOptions.baseChannels])
        let sizes = [8 * base, 8 * base, 4 * base, 2 * base, base]
        return (1...4).reduce(Self.convolution(3, base, channels, side: side)) { sum, block in
            let (inputs, outputs, side) = (sizes[block - 1], sizes[block], side / Double(16 >> block))
            return sum + Self.convolution(3, inputs, outputs, side: side) + Self.convolution(3, outputs, outputs, side: side)
                + Self.convolution(1, inputs, outputs, side: side)
        }
    }

    /// Its critic, and its encoder: four residual blocks that halve the side.
    var residualCritic: Double {
        let base = Double(self[AutoencoderOptions.baseChannels])
        let sizes = [base, 2 * base, 4 * base, 8 * base, 8 * base]
        return (1...4).reduce(Self.convolution(3, channels, base, side: side)) { sum, block in
            let (inputs, outputs, side) = (sizes[block - 1], sizes[block], side / Double(1 << (block - 1)))
            return sum + Self.convolution(3, inputs, inputs, side: side) + Self.convolution(3, inputs, outputs, side: side)
                + Self.convolution(1, inputs, outputs, side: side / 2)
        }
    }

    /// FAE's autoencoder over 256 channels of features at a quarter of the side.
    var featureAutoencoder: Double {
        let sizes: [Double] = [256, 100, 150, 200, 300]
        let outputs: [Double] = [300, 200, 150, 100, 256]
        return (1...4).reduce(Self.convolution(5, 300, 300, side: side / 64) + Self.convolution(1, 256, 256, side: side / 4)) {
            sum, level in
            sum + Self.convolution(5, sizes[level - 1], sizes[level], side: side / Double(4 << level))
                + Self.convolution(6, outputs[level - 1], outputs[level], side: side / Double(128 >> level))
        }
    }
}
