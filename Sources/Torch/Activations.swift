/// max(x, 0).
public final class ReLU: Module, Layer {
    private static let relu = Operator("relu")

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try ReLU.relu(.tensor(input))
    }
}

/// 1 / (1 + exp(-x)).
public final class Sigmoid: Module, Layer {
    private static let sigmoid = Operator("sigmoid")

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try Sigmoid.sigmoid(.tensor(input))
    }
}

/// The hyperbolic tangent.
public final class Tanh: Module, Layer {
    private static let tanh = Operator("tanh")

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try Tanh.tanh(.tensor(input))
    }
}

/// x · sigmoid(x) (Ramachandran et al., 2017), which PyTorch calls SiLU.
public final class Swish: Module, Layer {
    private static let swish = Operator("silu")

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try Swish.swish(.tensor(input))
    }
}
