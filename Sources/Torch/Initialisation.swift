/// PyTorch's default initialisation: kaiming-uniform with a = √5 for weights, which is the uniform distribution
/// over ±1/√fan_in, and the same bound for biases. Values are drawn in PyTorch's order (weight, then bias, layer
/// by layer), so that an equal seed gives PyTorch's very numbers.
enum Initialisation {
    /// A weight whose fan-in is the product of all dimensions but the first.
    static func weight(_ shape: [Int], generator: Generator) throws(TorchError) -> Parameter {
        let slope = 5.0.squareRoot()
        let gain = (2 / (1 + slope * slope)).squareRoot()
        let deviation = gain / fanIn(shape).squareRoot()
        return try uniform(shape, bound: 3.0.squareRoot() * deviation, generator: generator)
    }

    /// The bias that goes with a weight of the given shape.
    static func bias(_ count: Int, weight shape: [Int], generator: Generator) throws(TorchError) -> Parameter {
        try uniform([count], bound: 1 / fanIn(shape).squareRoot(), generator: generator)
    }

    private static func fanIn(_ shape: [Int]) -> Double { Double(shape.dropFirst().reduce(1, *)) }

    private static func uniform(_ shape: [Int], bound: Double, generator: Generator) throws(TorchError) -> Parameter {
        let tensor = try Tensor.zeros(shape)
        try tensor.fillUniform(-bound...bound, generator: generator)
        return try Parameter(tensor)
    }
}
