/// Layer normalisation over the last dimensions, with ε = 1e-5 (Ba et al., 2016).
public final class LayerNorm: Module, Layer {
    private static let layerNorm = Operator("layer_norm")

    /// At first 1; of the normalised shape.
    public let weight: Parameter
    /// At first 0; of the normalised shape.
    public let bias: Parameter
    private let shape: [Int]

    /// - Parameter shape: the sizes of the dimensions that are normalised together, e.g. `[C, H, W]`.
    public init(_ shape: [Int]) throws(TorchError) {
        let ones = try Tensor.zeros(shape)
        try ones.fill(1)
        weight = try Parameter(ones)
        bias = try Parameter(Tensor.zeros(shape))
        self.shape = shape
        super.init()
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try LayerNorm.layerNorm(
            .tensor(input), .integers(shape), .tensor(weight.tensor), .tensor(bias.tensor), .number(1e-5))
    }
}
