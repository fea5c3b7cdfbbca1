/// What a convolution or a batch normalisation can compute in the same pass.
protocol FusedActivation: Layer {
    /// oneDNN's name of it, and what it takes.
    var fusedName: String { get }
    var fusedNumbers: [Double] { get }
    /// What negative numbers are multiplied by, where that is all.
    var slope: Double? { get }
}

/// max(x, 0).
public final class ReLU: Module, FusedActivation {
    private static let relu = Operator("relu")
    var fusedName: String { "relu" }
    var fusedNumbers: [Double] { [] }
    var slope: Double? { 0 }

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
public final class Swish: Module, FusedActivation {
    private static let swish = Operator("silu")
    var fusedName: String { "swish" }
    var fusedNumbers: [Double] { [] }
    var slope: Double? { nil }

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try Swish.swish(.tensor(input))
    }
}

/// min(max(x, 0), 6).
public final class ReLU6: Module, FusedActivation {
    private static let clamp = Operator("hardtanh")
    var fusedName: String { "hardtanh" }
    var fusedNumbers: [Double] { [0, 6] }
    var slope: Double? { nil }

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try ReLU6.clamp(.tensor(input), .number(0), .number(6))
    }
}

/// x where it is positive, else a small multiple of it.
public final class LeakyReLU: Module, FusedActivation {
    private static let leaky = Operator("leaky_relu")
    private let factor: Double
    var fusedName: String { "leaky_relu" }
    var fusedNumbers: [Double] { [factor] }
    var slope: Double? { factor }

    public init(slope: Double = 0.01) {
        factor = slope
        super.init()
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try LeakyReLU.leaky(.tensor(input), .number(factor))
    }
}

/// x Φ(x), Φ being the distribution function of N(0, 1) (Hendrycks and Gimpel, 2016).
public final class GELU: Module, Layer {
    private static let gelu = Operator("gelu")

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try GELU.gelu(.tensor(input))
    }
}
