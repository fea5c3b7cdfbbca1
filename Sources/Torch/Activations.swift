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

/// min(max(x, 0), 6).
public final class ReLU6: Module, Layer {
    private static let clamp = Operator("hardtanh")

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try ReLU6.clamp(.tensor(input), .number(0), .number(6))
    }
}

/// x where it is positive, else a small multiple of it.
public final class LeakyReLU: Module, Layer {
    private static let leaky = Operator("leaky_relu")
    private let slope: Double

    public init(slope: Double = 0.01) {
        self.slope = slope
        super.init()
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try LeakyReLU.leaky(.tensor(input), .number(slope))
    }
}
