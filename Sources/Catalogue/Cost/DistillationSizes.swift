/// The trained networks of reverse distillation and of what goes back to it, layer by layer.
struct DistillationSizes {
    private let channels: [Double]
    private let side: Double
    /// Channels within the blocks of the one-class embedding.
    private let width: Double

    init(_ sizes: NetworkSizes) {
        channels = BackboneSizes(sizes).levels
        side = sizes.side
        width = channels[2] / 2 * Double(sizes[ReverseDistillationOptions.bottleneckWidth]) / 64
    }

    /// Three levels brought to the coarsest one's size, and three residual blocks that halve it.
    var embedding: [ConvolutionSize] {
        let (low, code) = (side / 16, side / 32)
        let wide = 3 * channels[2], outputs = 2 * channels[2]
        var layers = [
            ConvolutionSize(kernel: 3, inputs: channels[0], outputs: channels[1], side: side / 8),
            ConvolutionSize(kernel: 3, inputs: channels[1], outputs: channels[2], side: low),
            ConvolutionSize(kernel: 3, inputs: channels[1], outputs: channels[2], side: low),
            ConvolutionSize(kernel: 1, inputs: wide, outputs: outputs, side: code),
        ]
        for block in 0..<3 {
            layers += [
                ConvolutionSize(kernel: 1, inputs: block == 0 ? wide : outputs, outputs: width, side: block == 0 ? low : code),
                ConvolutionSize(kernel: 3, inputs: width, outputs: width, side: code),
                ConvolutionSize(kernel: 1, inputs: width, outputs: outputs, side: code),
            ]
        }
        return layers
    }

    /// Three stages of residual blocks, the first block of each doubling the side.
    var decoder: [ConvolutionSize] {
        var layers: [ConvolutionSize] = []
        var (inputs, side) = (2 * channels[2], side / 16)
        for (outputs, blocks) in zip(channels.reversed(), [3, 4, 6]) {
            let width = outputs / 2
            layers += [
                ConvolutionSize(kernel: 2, inputs: inputs, outputs: outputs, side: side, reach: 1),
                ConvolutionSize(kernel: 1, inputs: inputs, outputs: width, side: side / 2),
                ConvolutionSize(kernel: 2, inputs: width, outputs: width, side: side, reach: 1),
                ConvolutionSize(kernel: 1, inputs: width, outputs: outputs, side: side),
            ]
            for _ in 1..<blocks {
                layers += [
                    ConvolutionSize(kernel: 1, inputs: outputs, outputs: width, side: side),
                    ConvolutionSize(kernel: 3, inputs: width, outputs: width, side: side),
                    ConvolutionSize(kernel: 1, inputs: width, outputs: outputs, side: side),
                ]
            }
            (inputs, side) = (outputs, 2 * side)
        }
        return layers
    }

    /// RD++'s four convolutions a level.
    var projections: [ConvolutionSize] {
        channels.enumerated().flatMap { level, channels -> [ConvolutionSize] in
            let side = side / Double(4 << level)
            return [(1.0, 0.5), (0.5, 0.25), (0.25, 0.5), (0.5, 1)].map { inputs, outputs in
                ConvolutionSize(kernel: 3, inputs: inputs * channels, outputs: outputs * channels, side: side)
            }
        }
    }

    /// ReContrast's two outputs a level.
    var heads: [ConvolutionSize] {
        channels.enumerated().flatMap { level, channels -> [ConvolutionSize] in
            let head = ConvolutionSize(kernel: 1, inputs: channels, outputs: channels, side: side / Double(4 << level))
            return [head, head]
        }
    }
}
