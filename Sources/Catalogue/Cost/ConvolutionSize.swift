/// A convolution of a network, from which its work, its parameters and what it leaves behind are counted.
struct ConvolutionSize {
    /// Side of the kernel.
    let kernel: Double
    let inputs: Double
    let outputs: Double
    /// Side of the output, pixels.
    let side: Double
    /// Inputs of an output along one direction, where they are fewer than the kernel's side: 1 of a transposed convolution whose
    /// kernel is its stride.
    var reach: Double?

    /// Multiply-accumulates of an image.
    var work: Double { NetworkSizes.convolution(reach ?? kernel, inputs, outputs, side: side) }
    var parameters: Double { kernel * kernel * inputs * outputs }
    /// Numbers of its output.
    var activations: Double { outputs * side * side }
}

extension [ConvolutionSize] {
    var work: Double { reduce(0) { $0 + $1.work } }
    var parameters: Double { reduce(0) { $0 + $1.parameters } }
    /// What a training step keeps: each output, normalised, and rectified.
    var activations: Double { 3 * reduce(0) { $0 + $1.activations } }
}
