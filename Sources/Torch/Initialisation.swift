/// How the weight and bias of a linear layer or convolution begin.
public enum WeightInitialisation: Sendable {
    /// PyTorch's default.
    case standard
    /// Weights from N(0, 2 / fan_in) (He et al., 2015), biases zero.
    case kaimingNormal
    /// Weights from the uniform distribution over ±√(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010), biases zero.
    case xavierUniform
}

/// PyTorch's default initialisation: kaiming-uniform with a = √5 for weights, which is the uniform distribution
/// over ±1/√fan_in, and the same bound for biases. Values are drawn in PyTorch's order (weight, then bias, layer
/// by layer), so that an equal seed gives PyTorch's very numbers.
enum Initialisation {
    /// A weight whose fan-in is the product of all dimensions but the first.
    static func weight(
        _ shape: [Int], _ kind: WeightInitialisation = .standard, generator: Generator
    ) throws(TorchError) -> Parameter {
        switch kind {
        case .standard: break
        case .kaimingNormal:
            let tensor = try Tensor.zeros(shape)
            try tensor.fillNormal(mean: 0, deviation: (2 / fanIn(shape)).squareRoot(), generator: generator)
            return try Parameter(tensor)
        case .xavierUniform:
            let fanOut = fanIn(shape) / Double(shape[1]) * Double(shape[0])
            return try uniform(shape, bound: (6 / (fanIn(shape) + fanOut)).squareRoot(), generator: generator)
        }
        let slope = 5.0.squareRoot()
        let gain = (2 / (1 + slope * slope)).squareRoot()
        let deviation = gain / fanIn(shape).squareRoot()
        return try uniform(shape, bound: 3.0.squareRoot() * deviation, generator: generator)
    }

    /// The bias that goes with a weight of the given shape.
    static func bias(
        _ count: Int, weight shape: [Int], _ kind: WeightInitialisation = .standard, generator: Generator
    ) throws(TorchError) -> Parameter {
        guard case .standard = kind else { return try Parameter(.zeros([count])) }
        return try uniform([count], bound: 1 / fanIn(shape).squareRoot(), generator: generator)
    }

    private static func fanIn(_ shape: [Int]) -> Double { Double(shape.dropFirst().reduce(1, *)) }

    private static func uniform(_ shape: [Int], bound: Double, generator: Generator) throws(TorchError) -> Parameter {
        let tensor = try Tensor.zeros(shape)
        try tensor.fillUniform(-bound...bound, generator: generator)
        return try Parameter(tensor)
    }
}
