import Torch

/// The autoencoder of FAE (Meissen et al., 2022): convolutions of 5×5 down to 1/16 of the side and transposed ones of 6×6
/// back, `[N, C, H, W]` → `[N, C, H, W]`; 10,285,048 parameters for 256 channels.
public final class FeatureAutoencoder: Module {
    private let encoder: [FeatureBlock]
    private let bottleneck: Convolution
    private let decoder: [FeatureBlock]
    private let output: Convolution
    private static let hidden = [100, 150, 200, 300]

    public init(channels: Int, generator: Generator) throws(TorchError) {
        let sizes = [channels] + Self.hidden
        var blocks: [FeatureBlock] = []
        for (inputs, outputs) in zip(sizes, sizes.dropFirst()) {
            let down = try Convolution(inputs, outputs, kernel: 5, stride: 2, padding: 2, bias: false, generator: generator)
            blocks.append(try FeatureBlock(down, channels: outputs))
        }
        encoder = blocks
        bottleneck = try Convolution(sizes[4], sizes[4], kernel: 5, padding: 2, bias: false, generator: generator)
        blocks = []
        for (inputs, outputs) in zip(sizes.reversed(), sizes.reversed().dropFirst()) {
            let up = try TransposedConvolution(
                inputs, outputs, kernel: 6, stride: 2, padding: 2, bias: false, generator: generator)
            blocks.append(try FeatureBlock(up, channels: outputs))
        }
        decoder = blocks
        output = try Convolution(channels, channels, kernel: 1, bias: false, generator: generator)
        super.init()
    }

    /// The factors of dropout for a batch: one `[N, C, 1, 1]` a block, 0 for a channel that is dropped.
    public func dropout(
        probability: Double, count: Int, generator: Generator, device: Device
    ) throws(TorchError) -> [Tensor] {
        var factors: [Tensor] = []
        for block in encoder + decoder {
            let kept = try Tensor.bernoulli(
                [count, block.channels, 1, 1], probability: 1 - probability, generator: generator, device: device)
            factors.append(try kept / (1 - probability))
        }
        return factors
    }

    /// - Parameter dropout: what ``dropout(probability:count:generator:device:)`` gave; empty: none.
    public func callAsFunction(_ features: Tensor, dropout: [Tensor] = []) throws(TorchError) -> Tensor {
        var result = features
        for (index, block) in encoder.enumerated() {
            result = try block(result)
            if !dropout.isEmpty { result = try result * dropout[index] }
        }
        result = try LayerChain.apply([bottleneck], to: result)
        for (index, block) in decoder.enumerated() {
            result = try block(result)
            if !dropout.isEmpty { result = try result * dropout[encoder.count + index] }
        }
        return try LayerChain.apply([output], to: result)
    }
}

/// A convolution of either kind with batch normalisation and leaky ReLU.
private final class FeatureBlock: Module, Layer {
    private let convolution: any Layer
    private let norm: BatchNorm
    private let activation = LeakyReLU()
    let channels: Int

    init(_ convolution: any Layer, channels: Int) throws(TorchError) {
        self.convolution = convolution
        norm = try BatchNorm(channels)
        self.channels = channels
        super.init()
    }

    func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor { try LayerChain.apply([convolution, norm, activation], to: input) }
}
