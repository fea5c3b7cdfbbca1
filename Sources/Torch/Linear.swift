/// A fully connected layer: `[N, inputs]` → `[N, outputs]`, y = x Wᵀ + b.
public final class Linear: Module, Layer {
    private static let linear = Operator("linear")

    /// `[outputs, inputs]`
    public let weight: Parameter
    /// `[outputs]`
    public let bias: Parameter?

    public init(
        _ inputs: Int, _ outputs: Int, bias: Bool = true, initialisation: WeightInitialisation = .standard, generator: Generator
    ) throws(TorchError) {
        weight = try Initialisation.weight([outputs, inputs], initialisation, generator: generator)
        self.bias = bias ? try Initialisation.bias(outputs, weight: [outputs, inputs], initialisation, generator: generator) : nil
        super.init()
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try Linear.linear(.tensor(input), .tensor(weight.tensor), .optional(bias?.tensor))
    }
}
