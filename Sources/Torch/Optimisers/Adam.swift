/// Adam as PyTorch computes it (Kingma and Ba, 2015, Algorithm 1, with ε added after the bias correction).
public class Adam: Optimiser {
    public let groups: [ParameterGroup]
    public var learningRate: Double
    public var gradientLimit: GradientLimit?
    /// The share of the mean of gradients that a step keeps.
    public let beta1: Double
    /// The share of the mean of squared gradients that a step keeps.
    public let beta2: Double
    public let epsilon: Double
    /// What weights, multiplied by it, add to their gradients; in ``AdamW`` the rate at which they shrink.
    public let weightDecay: Double
    public private(set) var steps = 0

    private let firstMoments: [Tensor]
    private let secondMoments: [Tensor]
    private let decaysWeightsDirectly: Bool
    /// Set by tests to compare the kernels.
    var kernel: AdamKernel?

    public convenience init(
        _ parameters: [(name: String, tensor: Tensor)], learningRate: Double = 1e-3, beta1: Double = 0.9,
        beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0
    ) throws(TorchError) {
        try self.init(
            groups: [ParameterGroup(parameters)], learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
            weightDecay: weightDecay)
    }

    /// Adam over several groups of parameters.
    public convenience init(
        groups: [ParameterGroup], learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-8, weightDecay: Double = 0
    ) throws(TorchError) {
        try self.init(
            groups, learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
            decaysWeightsDirectly: false)
    }

    init(
        _ groups: [ParameterGroup], learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
        decaysWeightsDirectly: Bool
    ) throws(TorchError) {
        self.groups = groups
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.decaysWeightsDirectly = decaysWeightsDirectly
        var moments: [[Tensor]] = [[], []]
        for (_, tensor) in groups.flatMap(\.parameters) {
            for index in 0..<2 {
                moments[index].append(try .zeros(tensor.shape, type: tensor.dataType ?? .float, device: tensor.device))
            }
        }
        firstMoments = moments[0]
        secondMoments = moments[1]
    }

    public func step(_ gradients: [Tensor?]) throws(TorchError) {
        let gradients = try limited(gradients)
        steps += 1
        var start = 0
        for (group, learningRate) in zip(groups, learningRates) {
            var batch = AdamBatch()
            for index in start..<start + group.parameters.count {
                guard let gradient = gradients[index] else { continue }
                try batch.append(
                    group.parameters[index - start].tensor, gradient: gradient, first: firstMoments[index],
                    second: secondMoments[index])
            }
            start += group.parameters.count
            let step = AdamStep(
                number: steps, learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
                weightDecay: group.weightDecay ?? weightDecay, decaysWeightsDirectly: decaysWeightsDirectly)
            try Tensor.withoutGradients { () throws(TorchError) in
                try step.move(batch, by: kernel)
            }
        }
    }

    /// The moments under `first.NAME` and `second.NAME`.
    public var state: [(name: String, tensor: Tensor)] {
        let names = parameters.map(\.name)
        return names.indices.map { ("first.\(names[$0])", firstMoments[$0]) }
            + names.indices.map { ("second.\(names[$0])", secondMoments[$0]) }
    }

    public func restore(_ tensors: [String: Tensor], steps: Int) throws(TorchError) {
        try overwriteState(tensors)
        self.steps = steps
    }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019): before a step, weights shrink by the learning rate
/// times the decay, rather than their gradients being changed.
public final class AdamW: Adam {
    public convenience init(
        _ parameters: [(name: String, tensor: Tensor)], learningRate: Double = 1e-3, beta1: Double = 0.9,
        beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 1e-2
    ) throws(TorchError) {
        try self.init(
            groups: [ParameterGroup(parameters)], learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
            weightDecay: weightDecay)
    }

    /// AdamW over several groups of parameters.
    public convenience init(
        groups: [ParameterGroup], learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-8, weightDecay: Double = 1e-2
    ) throws(TorchError) {
        try self.init(
            groups, learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
            decaysWeightsDirectly: true)
    }

    override init(
        _ groups: [ParameterGroup], learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
        decaysWeightsDirectly: Bool
    ) throws(TorchError) {
        try super.init(
            groups, learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
            decaysWeightsDirectly: decaysWeightsDirectly)
    }
}
