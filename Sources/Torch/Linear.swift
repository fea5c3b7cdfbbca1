import CTorch

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
        if !LibTorch.usesPlainOperators, let output = try onOneDNN(input) { return output }
        return try Linear.linear(.tensor(input), .tensor(weight.tensor), .optional(bias?.tensor))
    }

    /// The same in half the time on processors other than Intel's; `nil` where that is not possible or not worth it.
    private func onOneDNN(_ input: Tensor) throws(TorchError) -> Tensor? {
        guard !ct_autocasts_cpu(), let bias = bias?.tensor else { return nil }
        let weight = weight.tensor
        var result: OpaquePointer?
        try withExtendedLifetime((input, weight, bias)) { () throws(TorchError) in
            try checked { ct_linear(input.handle, weight.handle, bias.handle, &result, $0) }
        }
        return result.map(Tensor.init(handle:))
    }
}
