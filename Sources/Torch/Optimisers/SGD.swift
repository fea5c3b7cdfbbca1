import CTorch

/// Stochastic gradient descent as PyTorch computes it, with momentum v ← μ v + g (without dampening) and, if wanted,
/// Nesterov's look ahead (Sutskever et al., 2013).
public final class SGD: Optimiser {
    public let groups: [ParameterGroup]
    public var learningRate: Double
    public var gradientLimit: GradientLimit?
    /// μ, in 0..<1; 0 for none.
    public let momentum: Double
    /// Whether a step goes along g + μ v rather than v.
    public let isNesterov: Bool
    /// What weights, multiplied by it, add to their gradients.
    public let weightDecay: Double
    public private(set) var steps = 0

    /// One for each parameter, or none without momentum.
    private let velocities: [Tensor]

    private static let fused = Operator("_fused_sgd_")

    public convenience init(
        _ parameters: [(name: String, tensor: Tensor)], learningRate: Double, momentum: Double = 0, isNesterov: Bool = false,
        weightDecay: Double = 0
    ) throws(TorchError) {
        try self.init(
            groups: [ParameterGroup(parameters)], learningRate: learningRate, momentum: momentum, isNesterov: isNesterov,
            weightDecay: weightDecay)
    }

    /// SGD over several groups of parameters.
    public init(
        groups: [ParameterGroup], learningRate: Double, momentum: Double = 0, isNesterov: Bool = false,
        weightDecay: Double = 0
    ) throws(TorchError) {
        self.groups = groups
        self.learningRate = learningRate
        self.momentum = momentum
        self.isNesterov = isNesterov
        self.weightDecay = weightDecay
        var velocities: [Tensor] = []
        for (_, tensor) in groups.flatMap(\.parameters) where momentum != 0 {
            velocities.append(try .zeros(tensor.shape, type: tensor.dataType ?? .float, device: tensor.device))
        }
        self.velocities = velocities
    }

    public func step(_ gradients: [Tensor?]) throws(TorchError) {
        let gradients = try limited(gradients)
        steps += 1
        var start = 0
        for (group, learningRate) in zip(groups, learningRates) {
            var moved: [(parameter: Tensor, gradient: Tensor, velocity: Tensor?)] = []
            for index in start..<start + group.parameters.count {
                guard let gradient = gradients[index] else { continue }
                moved.append((
                    group.parameters[index - start].tensor, try gradient.contiguous(),
                    velocities.isEmpty ? nil : velocities[index]
                ))
            }
            start += group.parameters.count
            let decay = group.weightDecay ?? weightDecay
            try Tensor.withoutGradients { () throws(TorchError) in
                try move(moved, learningRate: learningRate, decay: decay)
            }
        }
    }

    private func move(
        _ moved: [(parameter: Tensor, gradient: Tensor, velocity: Tensor?)], learningRate: Double, decay: Double
    ) throws(TorchError) {
        guard let sample = moved.first?.parameter else { return }
        let isPlain = moved.allSatisfy {
            $0.parameter.isContiguous && $0.parameter.device == sample.device && $0.parameter.dataType == sample.dataType
        }
        if isPlain, Self.fused.exists, !sample.device.isMeta {
            _ = try Self.fused.call(
                [.tensors(moved.map(\.parameter)), .tensors(moved.map(\.gradient)), .tensors(moved.compactMap(\.velocity))],
                named: [
                    ("weight_decay", .number(decay)), ("momentum", .number(momentum)), ("lr", .number(learningRate)),
                    ("dampening", .number(0)), ("nesterov", .boolean(isNesterov && momentum != 0)),
                    ("maximize", .boolean(false)), ("is_first_step", .boolean(false)),
                ])
            return
        }
        for (parameter, gradient, velocity) in moved {
            if isPlain, sample.device.isCPU, sample.dataType == .float {
                try moveInOnePass(parameter, gradient, velocity, learningRate: learningRate, decay: decay)
            } else {
                try moveByOperators(parameter, gradient, velocity, learningRate: learningRate, decay: decay)
            }
        }
    }

    private func moveInOnePass(
        _ parameter: Tensor, _ gradient: Tensor, _ velocity: Tensor?, learningRate: Double, decay: Double
    ) throws(TorchError) {
        guard parameter.count > 0 else { return }
        do {
            try parameter.withUnsafeBytes { weights in
                try gradient.withUnsafeBytes { slopes in
                    // Without momentum there is nothing behind the third pointer.
                    try (velocity ?? gradient).withUnsafeBytes { speeds in
                        ct_sgd_step(
                            weights.floats, slopes.floats, velocity == nil ? nil : speeds.floats, weights.count / 4,
                            Float(learningRate), Float(momentum), isNesterov, Float(decay))
                    }
                }
            }
        } catch {
            throw error as? TorchError ?? TorchError("\(error)")
        }
    }

    private func moveByOperators(
        _ parameter: Tensor, _ gradient: Tensor, _ velocity: Tensor?, learningRate: Double, decay: Double
    ) throws(TorchError) {
        var slope = decay == 0 ? gradient : try gradient + parameter * decay
        if let velocity {
            try velocity.copy(from: velocity * momentum + slope)
            slope = isNesterov ? try slope + velocity * momentum : velocity
        }
        try parameter.accumulate(slope * -learningRate)
    }

    /// The velocities under `momentum.NAME`; nothing without momentum.
    public var state: [(name: String, tensor: Tensor)] {
        zip(parameters, velocities).map { ("momentum.\($0.name)", $1) }
    }

    public func restore(_ tensors: [String: Tensor], steps: Int) throws(TorchError) {
        try overwriteState(tensors)
        self.steps = steps
    }
}
