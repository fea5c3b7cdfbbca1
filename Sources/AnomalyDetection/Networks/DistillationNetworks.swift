import Torch

/// Reverse distillation's one-class embedding (Deng and Li, 2022): levels at 1/4, 1/8 and 1/16 of the side are brought to the
/// last one's size, put together, and halved by residual blocks: `[N, 2 C₃, S/32, S/32]`.
final class OneClassEmbedding: Module {
    private let fine: Sequential
    private let middle: Sequential
    private let blocks: Sequential

    /// - Parameters:
    ///   - channels: those of the three levels, finest first.
    ///   - width: channels within the blocks, in 64ths of half the last level's.
    init(channels: [Int], width: Int, generator: Generator) throws(TorchError) {
        func halving(_ inputs: Int, _ outputs: Int) throws(TorchError) -> [any Layer] {
            [
                try Convolution(inputs, outputs, kernel: 3, stride: 2, padding: 1, bias: false, generator: generator),
                try BatchNorm(outputs), ReLU(),
            ]
        }
        fine = Sequential(try halving(channels[0], channels[1]) + halving(channels[1], channels[2]))
        middle = Sequential(try halving(channels[1], channels[2]))
        let (outputs, inner) = (2 * channels[2], max(1, channels[2] / 2 * width / 64))
        var blocks: [any Layer] = []
        for index in 0..<3 {
            blocks.append(
                try ResidualBlock(
                    inputs: index == 0 ? 3 * channels[2] : outputs, width: inner, outputs: outputs, isBottleneck: true,
                    stride: index == 0 ? 2 : 1, generator: generator))
        }
        self.blocks = Sequential(blocks)
        super.init()
        try drawConvolutions(generator: generator)
    }

    func callAsFunction(_ levels: [Tensor]) throws(TorchError) -> Tensor {
        try blocks(.concatenated([fine(levels[0]), middle(levels[1]), levels[2]], axis: 1))
    }
}

/// Its decoder: a residual network turned round, which gives the three levels back.
final class MirroredDecoder: Module {
    /// From the code upwards, coarsest first.
    private let stages: [Sequential]
    /// Of each set of outputs, coarsest first.
    private let heads: [Convolution]

    /// - Parameters:
    ///   - channels: those of the three levels, finest first.
    ///   - outputs: how many outputs each level has behind 1×1 convolutions; 0: the level itself is the only one.
    init(channels: [Int], outputs: Int = 0, generator: Generator) throws(TorchError) {
        var (stages, heads): ([Sequential], [Convolution]) = ([], [])
        var inputs = 2 * channels[2]
        for (outputs, count) in zip(channels.reversed(), [3, 4, 6]) {
            var blocks: [any Layer] = [try DoublingBlock(inputs, outputs, generator: generator)]
            for _ in 1..<count {
                blocks.append(
                    try ResidualBlock(
                        inputs: outputs, width: outputs / 2, outputs: outputs, isBottleneck: true, stride: 1, generator: generator))
            }
            stages.append(Sequential(blocks))
            inputs = outputs
        }
        for _ in 0..<outputs {
            for channels in channels.reversed() {
                heads.append(try Convolution(channels, channels, kernel: 1, generator: generator))
            }
        }
        self.stages = stages
        self.heads = heads
        super.init()
        try drawConvolutions(generator: generator)
    }

    /// The levels, finest first.
    func callAsFunction(_ code: Tensor) throws(TorchError) -> [Tensor] { try levels(code).reversed() }

    private func levels(_ code: Tensor) throws(TorchError) -> [Tensor] {
        var results: [Tensor] = []
        for stage in stages { results.append(try stage(results.last ?? code)) }
        return results
    }

    /// Each set of outputs, its levels finest first, of the part of the code's batch that it is for: as many images of each, one
    /// part after the other.
    func outputs(_ code: Tensor) throws(TorchError) -> [[Tensor]] {
        let levels = try levels(code)
        let (sets, count) = (heads.count / 3, code.shape[0] * 3 / heads.count)
        var results: [[Tensor]] = []
        for set in 0..<sets {
            var outputs: [Tensor] = []
            for (place, level) in levels.enumerated() {
                let part = try level.narrowed(axis: 0, start: set * count, length: count)
                outputs.append(try LayerChain.apply([heads[3 * set + place]], to: part))
            }
            results.append(outputs.reversed())
        }
        return results
    }
}

/// A residual block with a transposed convolution, which doubles height and width.
private final class DoublingBlock: Module, Layer {
    private let main: Sequential
    private let shortcut: Sequential
    private let relu = ReLU()

    init(_ inputs: Int, _ outputs: Int, generator: Generator) throws(TorchError) {
        let width = outputs / 2
        func doubling(_ inputs: Int, _ outputs: Int) throws(TorchError) -> TransposedConvolution {
            try TransposedConvolution(inputs, outputs, kernel: 2, stride: 2, bias: false, generator: generator)
        }
        main = Sequential([
            try Convolution(inputs, width, kernel: 1, bias: false, generator: generator), try BatchNorm(width), ReLU(),
            try doubling(width, width), try BatchNorm(width), ReLU(),
            try Convolution(width, outputs, kernel: 1, bias: false, generator: generator), try BatchNorm(outputs),
        ])
        shortcut = Sequential([try doubling(inputs, outputs), try BatchNorm(outputs)])
        super.init()
    }

    func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor { try relu(main(input) + shortcut(input)) }
}
