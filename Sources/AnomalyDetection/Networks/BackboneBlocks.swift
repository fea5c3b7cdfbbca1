import Torch

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

/// Linear, batch normalisation (unless `isNormalised` is false), ReLU, linear: either half of the bottleneck.
func bottleneckHalf(
    _ inputs: Int, hidden: Int, _ outputs: Int, isNormalised: Bool = true, generator: Generator
) throws(TorchError) -> Sequential {
    var layers: [any Layer] = [try Linear(inputs, hidden, generator: generator)]
    if isNormalised { layers.append(try BatchNorm(hidden)) }
    layers += [ReLU(), try Linear(hidden, outputs, generator: generator)] as [any Layer]
    return Sequential(layers)
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

/// The convolutional decoder: `[N, 4w, S/16, S/16]` → `[N, outputs, S, S]`, linear output; by default as many channels as
/// the image has.
func decoder(_ shape: BackboneShape, outputs: Int? = nil, generator: Generator) throws(TorchError) -> Sequential {
    let base = shape.baseChannels
    return Sequential([
        try upBlock(4 * base, 4 * base, depth: shape.depth, generator: generator),
        try upBlock(4 * base, 2 * base, depth: shape.depth, generator: generator),
        try upBlock(2 * base, base, depth: shape.depth, generator: generator),
        try upBlock(base, outputs ?? shape.channels, depth: shape.depth, isLast: true, generator: generator),
    ])
}
