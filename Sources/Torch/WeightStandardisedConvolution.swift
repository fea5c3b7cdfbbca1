/// A convolution whose weight is standardised on the fly: of each output's filter its mean is subtracted, and what is
/// left is divided by its standard deviation (n - 1 in the denominator) plus 1e-5 (Qiao et al., 2019).
public final class WeightStandardisedConvolution: ConvolutionLayer, Layer {
    private static let convolution = Operator("conv2d")
    private static let deviation = Operator("std", "dim")

    public init(_ inputs: Int, _ outputs: Int, kernel: Int, generator: Generator) throws(TorchError) {
        try super.init(
            weight: [outputs, inputs, kernel, kernel], outputs: outputs, stride: 1, padding: 0, bias: true,
            generator: generator)
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try Self.convolution(.tensor(input), .tensor(Self.arranged(effectiveWeight())), .optional(bias?.tensor))
    }

    override func effectiveWeight() throws(TorchError) -> Tensor {
        let filters = try weight.tensor.flattened()
        let centred = try filters - filters.mean(axes: [1], keepingDimensions: true)
        let deviation = try Self.deviation(.tensor(centred), .integers([1]), .boolean(true), .boolean(true))
        return try (centred / (deviation + 1e-5)).reshaped(weight.tensor.shape)
    }
}
