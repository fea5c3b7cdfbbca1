/// max(x, 0).
public final class ReLU: Module, Layer {
    private static let relu = Operator("relu")

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try ReLU.relu(.tensor(input))
    }
}
