/// An average of a module's weights over the steps of its training in which older ones count exponentially less
/// (Polyak and Juditsky, 1992): a ← d a + (1 - d) w. Buffers are not averaged but taken over.
///
/// It begins with the weights as they are when it is made.
public final class ExponentialMovingAverage {
    /// d, in 0...1.
    public let decay: Double
    private let module: Module
    private var averages: [(name: String, tensor: Tensor)]

    private static let interpolate = Operator("lerp_", "Scalar")

    public init(of module: Module, decay: Double) throws(TorchError) {
        self.module = module
        self.decay = decay
        averages = []
        for (name, tensor) in module.state { averages.append((name, try tensor.detached().clone())) }
    }

    /// Takes the weights of the step just done into the average.
    public func update() throws(TorchError) {
        let averaged = Set(module.namedParameters.map(\.name))
        try Tensor.withoutGradients { () throws(TorchError) in
            for (index, (name, tensor)) in module.state.enumerated() {
                let average = averages[index].tensor
                if average.shape != tensor.shape {
                    averages[index].tensor = try tensor.detached().clone()
                } else if averaged.contains(name) {
                    _ = try Self.interpolate.call([.tensor(average), .tensor(tensor), .number(1 - decay)])
                } else {
                    try average.copy(from: tensor)
                }
            }
        }
    }

    /// The averages and buffers, by the module's names.
    public var state: [(name: String, tensor: Tensor)] { averages }

    /// Goes on from what ``state`` gave.
    /// - Throws: ``TorchError`` that names a tensor that is absent or has another shape than the module's.
    public func restore(_ tensors: [String: Tensor]) throws(TorchError) {
        for (index, (name, tensor)) in module.state.enumerated() {
            guard let source = tensors[name] else { throw TorchError("the average of the weights lacks '\(name)'") }
            guard source.shape == tensor.shape || module.resizableNames.contains(name) else {
                throw TorchError("the average's '\(name)' is \(source), the network's is \(tensor)")
            }
            if averages[index].tensor.shape == source.shape {
                try averages[index].tensor.copy(from: source)
            } else {
                averages[index].tensor = try source.to(tensor.dataType ?? .float).to(tensor.device).clone()
            }
        }
    }

    /// Exchanges the module's weights and buffers with the averages.
    public func swap() throws(TorchError) {
        var kept: [(name: String, tensor: Tensor)] = []
        for (name, tensor) in module.state { kept.append((name, try tensor.detached().clone())) }
        try module.load(Dictionary(averages.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first }))
        averages = kept
    }

    /// Runs `body` while the module has the averages for weights; afterwards it has its own again, whether `body` throws
    /// or not.
    public func withAveragedWeights<Result>(_ body: () throws -> Result) throws -> Result {
        try swap()
        let result: Swift.Result<Result, any Error> = Swift.Result { try body() }
        try swap()
        return try result.get()
    }
}
