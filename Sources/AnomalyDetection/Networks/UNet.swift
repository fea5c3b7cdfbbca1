import Torch

/// DAE's U-Net (Kascenas et al., 2022): levels of twice as many channels each, skip connections,
/// weight-standardised convolutions with reflection padding, swish and group normalisation; 31,042,369 parameters at
/// the defaults.
public final class UNet: Module, Layer {
    /// From the image downwards.
    let down: [Sequential]
    /// From the lowest level upwards: transposed convolutions and what follows the concatenation.
    let enlargements: [TransposedConvolution]
    let up: [Sequential]
    let last: Convolution
    private let pool = AveragePool(2)

    /// - Parameters:
    ///   - baseChannels: channels of the first level.
    ///   - levels: how many levels; the image is halved one time less.
    public init(channels: Int, baseChannels: Int, levels: Int, generator: Generator) throws(TorchError) {
        let widths = (0..<levels).map { baseChannels << $0 }
        var down: [Sequential] = []
        for level in 0..<levels {
            down.append(try UNet.block(level == 0 ? channels : widths[level - 1], widths[level], generator: generator))
        }
        var enlargements: [TransposedConvolution] = []
        var up: [Sequential] = []
        for level in (0..<levels - 1).reversed() {
            enlargements.append(
                try TransposedConvolution(widths[level + 1], widths[level], kernel: 2, stride: 2, generator: generator))
            up.append(try UNet.block(2 * widths[level], widths[level], generator: generator))
        }
        self.down = down
        self.enlargements = enlargements
        self.up = up
        last = try Convolution(widths[0], channels, kernel: 1, generator: generator)
        super.init()
    }

    /// `[N, C, S, S]` → `[N, C, S, S]`, linear output; S is a multiple of 2^(levels - 1).
    public func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor {
        var skips: [Tensor] = []
        var current = images
        for (level, block) in down.enumerated() {
            current = try block(level == 0 ? current : pool(current))
            skips.append(current)
        }
        for (index, block) in up.enumerated() {
            let enlarged = try LayerChain.apply([enlargements[index]], to: current)
            current = try block(.concatenated([enlarged, skips[down.count - 2 - index]], axis: 1))
        }
        return try LayerChain.apply([last], to: current)
    }

    /// Twice a 3×3 convolution, swish and group normalisation.
    private static func block(_ inputs: Int, _ outputs: Int, generator: Generator) throws(TorchError) -> Sequential {
        var layers: [any Layer] = []
        for channels in [inputs, outputs] {
            layers += [
                ReflectionPad(1),
                try WeightStandardisedConvolution(channels, outputs, kernel: 3, generator: generator), Swish(),
                try GroupNorm(outputs, groups: groups(outputs)),
            ] as [any Layer]
        }
        return Sequential(layers)
    }

    /// The middle one of a number's divisors: 8 groups for 64 channels, 32 for 1024.
    static func groups(_ channels: Int) -> Int {
        let divisors = (1...channels).filter { channels.isMultiple(of: $0) }
        return divisors[divisors.count / 2]
    }
}
