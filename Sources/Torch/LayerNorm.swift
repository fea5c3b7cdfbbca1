/// Layer normalisation over the last dimensions (Ba et al., 2016).
public final class LayerNorm: Module, Layer {
    private static let layerNorm = Operator("layer_norm")
    private static let permute = Operator("permute")

    /// At first 1; of the normalised shape.
    public let weight: Parameter
    /// At first 0; of the normalised shape.
    public let bias: Parameter
    private let shape: [Int]
    private let epsilon: Double

    /// - Parameters:
    ///   - shape: the sizes of the dimensions that are normalised together, e.g. `[C, H, W]`.
    ///   - epsilon: what is added to the variance.
    public init(_ shape: [Int], epsilon: Double = 1e-5) throws(TorchError) {
        let ones = try Tensor.zeros(shape)
        try ones.fill(1)
        weight = try Parameter(ones)
        bias = try Parameter(Tensor.zeros(shape))
        self.shape = shape
        self.epsilon = epsilon
        super.init()
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        // What comes out of a product in bfloat16 is normalised in single precision.
        let input = try input.to(weight.tensor.dataType ?? .float)
        guard shape.count == 3, input.isChannelsLast, !LibTorch.usesPlainOperators else {
            return try LayerNorm.layerNorm(
                .tensor(input), .integers(shape), .tensor(weight.tensor), .tensor(bias.tensor), .number(epsilon))
        }
        // The same numbers are summed whichever way they lie: only weight and bias are turned round, not the images, and what comes
        // next finds them as convolutions like them.
        func turned(_ tensor: Tensor, _ axes: [Int]) throws(TorchError) -> Tensor {
            try LayerNorm.permute(.tensor(tensor), .integers(axes))
        }
        let output = try LayerNorm.layerNorm(
            .tensor(turned(input, [0, 2, 3, 1])), .integers([shape[1], shape[2], shape[0]]), .tensor(turned(weight.tensor, [1, 2, 0])),
            .tensor(turned(bias.tensor, [1, 2, 0])), .number(epsilon))
        return try turned(output, [0, 3, 1, 2])
    }
}
