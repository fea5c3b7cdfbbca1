import Torch

/// The sizes of the study's common backbone (specification 2.1).
public struct BackboneShape: Sendable, Hashable {
    /// Channels of the input image.
    public var channels: Int
    /// Side of the square input in pixels, a multiple of 16.
    public var inputSize: Int
    public var latentSize: Int
    public var hiddenSize: Int
    /// Multiple of the 16 base channels.
    public var width: Int
    /// Convolutions in each block.
    public var depth: Int

    public init(channels: Int, inputSize: Int, latentSize: Int, hiddenSize: Int, width: Int, depth: Int) {
        self.channels = channels
        self.inputSize = inputSize
        self.latentSize = latentSize
        self.hiddenSize = hiddenSize
        self.width = width
        self.depth = depth
    }

    /// The shape that a job's options describe.
    public init(_ settings: MethodSettings) throws(TrainingError) {
        self.init(
            channels: try settings.channels(), inputSize: try settings.integer("input_size"),
            latentSize: try settings.integer("latent_size"), hiddenSize: try settings.integer("hidden_size"),
            width: try settings.integer("width"), depth: try settings.integer("depth"))
        guard inputSize % 16 == 0 else {
            throw TrainingError("input_size is \(inputSize) but the backbone halves it four times: use a multiple of 16")
        }
    }

    var baseChannels: Int { 16 * width }
    /// `[4w, S/16, S/16]`, the encoder's output.
    var featureShape: [Int] { [4 * baseChannels, inputSize / 16, inputSize / 16] }
    var featureCount: Int { featureShape.reduce(1, *) }
}

/// Halves height and width: a 4×4 convolution of stride 2, then further 3×3 convolutions, each with batch
/// normalisation and ReLU.
func downBlock(_ inputs: Int, _ outputs: Int, depth: Int, generator: Generator) throws(TorchError) -> Sequential {
    var layers: [any Layer] = [
        try Convolution(inputs, outputs, kernel: 4, stride: 2, padding: 1, bias: false, generator: generator),
        try BatchNorm(outputs), ReLU(),
    ]
    for _ in 1..<depth {
        layers.append(try Convolution(outputs, outputs, kernel: 3, padding: 1, bias: false, generator: generator))
        layers += [try BatchNorm(outputs), ReLU()] as [any Layer]
    }
    return Sequential(layers)
}

/// Doubles height and width: first the 3×3 convolutions, then a transposed 4×4 convolution of stride 2. The last
/// block of a decoder ends with the bare transposed convolution.
func upBlock(
    _ inputs: Int, _ outputs: Int, depth: Int, isLast: Bool = false, generator: Generator
) throws(TorchError) -> Sequential {
    var layers: [any Layer] = []
    for _ in 1..<depth {
        layers.append(try Convolution(inputs, inputs, kernel: 3, padding: 1, bias: false, generator: generator))
        layers += [try BatchNorm(inputs), ReLU()] as [any Layer]
    }
    layers.append(
        try TransposedConvolution(inputs, outputs, kernel: 4, stride: 2, padding: 1, bias: false, generator: generator))
    if !isLast { layers += [try BatchNorm(outputs), ReLU()] as [any Layer] }
    return Sequential(layers)
}

/// Linear, batch normalisation, ReLU, linear: either half of the bottleneck.
func bottleneckHalf(
    _ inputs: Int, hidden: Int, _ outputs: Int, generator: Generator
) throws(TorchError) -> Sequential {
    Sequential([
        try Linear(inputs, hidden, generator: generator), try BatchNorm(hidden), ReLU(),
        try Linear(hidden, outputs, generator: generator),
    ])
}

/// The convolutional encoder: `[N, C, S, S]` → `[N, 4w, S/16, S/16]`.
func encoder(_ shape: BackboneShape, generator: Generator) throws(TorchError) -> Sequential {
    let base = shape.baseChannels
    return Sequential([
        try downBlock(shape.channels, base, depth: shape.depth, generator: generator),
        try downBlock(base, 2 * base, depth: shape.depth, generator: generator),
        try downBlock(2 * base, 4 * base, depth: shape.depth, generator: generator),
        try downBlock(4 * base, 4 * base, depth: shape.depth, generator: generator),
    ])
}

/// The convolutional decoder: `[N, 4w, S/16, S/16]` → `[N, C, S, S]`, linear output.
func decoder(_ shape: BackboneShape, generator: Generator) throws(TorchError) -> Sequential {
    let base = shape.baseChannels
    return Sequential([
        try upBlock(4 * base, 4 * base, depth: shape.depth, generator: generator),
        try upBlock(4 * base, 2 * base, depth: shape.depth, generator: generator),
        try upBlock(2 * base, base, depth: shape.depth, generator: generator),
        try upBlock(base, shape.channels, depth: shape.depth, isLast: true, generator: generator),
    ])
}

/// The study's autoencoder (specification 2.1): 2,351,184 parameters at the defaults.
public final class Autoencoder: Module, Layer {
    let encoder: Sequential
    let compression: Sequential
    let expansion: Sequential
    let decoder: Sequential
    private let featureShape: [Int]

    public init(_ shape: BackboneShape, generator: Generator) throws(TorchError) {
        encoder = try AnomalyDetection.encoder(shape, generator: generator)
        compression = try bottleneckHalf(
            shape.featureCount, hidden: shape.hiddenSize, shape.latentSize, generator: generator)
        expansion = try bottleneckHalf(
            shape.latentSize, hidden: shape.hiddenSize, shape.featureCount, generator: generator)
        decoder = try AnomalyDetection.decoder(shape, generator: generator)
        featureShape = shape.featureShape
        super.init()
    }

    /// `[N, C, S, S]` → `[N, d]`.
    public func encode(_ images: Tensor) throws(TorchError) -> Tensor {
        try compression(encoder(images).flattened())
    }

    /// `[N, d]` → `[N, C, S, S]`.
    public func decode(_ codes: Tensor) throws(TorchError) -> Tensor {
        try decoder(expansion(codes).reshaped([-1] + featureShape))
    }

    /// The reconstruction of `[N, C, S, S]`.
    public func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor { try decode(encode(images)) }
}
