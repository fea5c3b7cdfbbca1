import Foundation

/// The operators behind the methods below, each found once.
private enum Operators {
    static let uniform = Operator("uniform_")
    static let normal = Operator("normal_")
    static let inverseErrorFunction = Operator("erfinv_")
    static let randomInteger = Operator("randint", "generator")
    static let bernoulli = Operator("bernoulli_", "float")
    static let randomPermutation = Operator("randperm", "generator")
}

// Numbers are drawn where the stream is and moved to where they are wanted, so that a job draws the same ones on every
// device.
extension Tensor {
    /// A random order of `0..<count` (int64).
    public static func randomPermutation(
        _ count: Int, generator: Generator, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Operators.randomPermutation(
            .integer(count), .generator(generator),
            named: [("dtype", .dataType(.int64)), ("device", .device(generator.device))]
        ).to(device)
    }

    /// A whole number in 0..<`bound`, each as likely.
    public static func randomInteger(below bound: Int, generator: Generator) throws(TorchError) -> Int {
        let draw = try Operators.randomInteger(
            .integer(bound), .integers([1]), .generator(generator),
            named: [("dtype", .dataType(.int64)), ("device", .device(generator.device))])
        return Int(try draw.item())
    }

    /// Draws from the uniform distribution over 0..<1.
    public static func uniform(
        _ shape: [Int], generator: Generator, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let result = try zeros(shape, device: generator.device)
        try result.fillUniform(0...1, generator: generator)
        return try result.to(device)
    }

    /// Draws from the normal distribution N(0, 1).
    public static func normal(
        _ shape: [Int], generator: Generator, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let result = try zeros(shape, device: generator.device)
        try result.fillNormal(mean: 0, deviation: 1, generator: generator)
        return try result.to(device)
    }

    /// Ones with the given probability, else zeros.
    public static func bernoulli(
        _ shape: [Int], probability: Double, generator: Generator, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let result = try zeros(shape, device: generator.device)
        _ = try Operators.bernoulli.call([.tensor(result), .number(probability), .generator(generator)])
        return try result.to(device)
    }

    /// Fills the tensor with draws from the uniform distribution over `range`, outside of gradient recording.
    public func fillUniform(_ range: ClosedRange<Double>, generator: Generator) throws(TorchError) {
        try fill(from: generator) { target throws(TorchError) in
            _ = try Operators.uniform.call([
                .tensor(target), .number(range.lowerBound), .number(range.upperBound), .generator(generator),
            ])
        }
    }

    /// Fills the tensor with draws from a normal distribution, outside of gradient recording.
    public func fillNormal(mean: Double, deviation: Double, generator: Generator) throws(TorchError) {
        try fill(from: generator) { target throws(TorchError) in
            _ = try Operators.normal.call([.tensor(target), .number(mean), .number(deviation), .generator(generator)])
        }
    }

    /// Fills the tensor with draws from a normal distribution of mean 0, those beyond `limit` standard deviations left out, outside
    /// of gradient recording.
    public func fillTruncatedNormal(deviation: Double, limit: Double, generator: Generator) throws(TorchError) {
        let share = erf(limit / 2.0.squareRoot())
        try fillUniform(-share...share, generator: generator)
        try Tensor.withoutGradients { () throws(TorchError) in _ = try Operators.inverseErrorFunction.call([.tensor(self)]) }
        try scale(by: deviation * 2.0.squareRoot())
    }

    /// Calls `draw` with this tensor, or with one on the stream's device that is copied here afterwards.
    private func fill(from generator: Generator, _ draw: (Tensor) throws(TorchError) -> Void) throws(TorchError) {
        try Tensor.withoutGradients { () throws(TorchError) in
            if device == generator.device { return try draw(self) }
            let drawn = try Tensor.zeros(shape, type: dataType ?? .float, device: generator.device)
            try draw(drawn)
            try copy(from: drawn)
        }
    }
}
