/// AdamW with the largest second moments so far (Reddi et al., 2018), each parameter's step divided by the root mean square of its
/// gradient over their roots where that is above 1 (Wortsman et al., 2023). Weights shrink by the learning rate times the decay.
public final class StableAdamW: Optimiser {
    public let groups: [ParameterGroup]
    public var learningRate: Double
    public var gradientLimit: GradientLimit?
    public let beta1: Double
    public let beta2: Double
    public let epsilon: Double
    public let weightDecay: Double
    public private(set) var steps = 0

    private let firstMoments: [Tensor]
    private let secondMoments: [Tensor]
    private let largestMoments: [Tensor]

    private static let larger = Operator("maximum")

    public init(
        _ parameters: [(name: String, tensor: Tensor)], learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-8, weightDecay: Double = 1e-2
    ) throws(TorchError) {
        groups = [ParameterGroup(parameters)]
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        var moments: [[Tensor]] = [[], [], []]
        for (_, tensor) in parameters {
            for index in 0..<3 {
                moments[index].append(try .zeros(tensor.shape, type: tensor.dataType ?? .float, device: tensor.device))
            }
        }
        (firstMoments, secondMoments, largestMoments) = (moments[0], moments[1], moments[2])
    }

    public func step(_ gradients: [Tensor?]) throws(TorchError) {
        let gradients = try limited(gradients)
        steps += 1
        let stepSize = learningRate / (1 - power(beta1, steps))
        let correctionRoot = (1 - power(beta2, steps)).squareRoot()
        try Tensor.withoutGradients { () throws(TorchError) in
            for (index, gradient) in gradients.enumerated() {
                guard let gradient else { continue }
                let (parameter, first, second, largest) = (
                    parameters[index].tensor, firstMoments[index], secondMoments[index], largestMoments[index]
                )
                try parameter.scale(by: 1 - learningRate * weightDecay)
                try first.copy(from: first * beta1 + gradient * (1 - beta1))
                try second.copy(from: second * beta2 + gradient.squared() * (1 - beta2))
                try largest.copy(from: Self.larger(.tensor(largest), .tensor(second)))
                let denominator = try largest.squareRoot() / correctionRoot + epsilon
                // No value is looked at, so that no GPU is waited for.
                let size = try (gradient / denominator).squared().mean().squareRoot()
                let excess = try size.clamped(1...Double(Float.greatestFiniteMagnitude))
                try parameter.accumulate(first / denominator * -stepSize / excess)
            }
        }
    }

    /// The moments under `first.NAME`, `second.NAME` and `largest.NAME`.
    public var state: [(name: String, tensor: Tensor)] {
        let names = parameters.map(\.name)
        return [("first", firstMoments), ("second", secondMoments), ("largest", largestMoments)].flatMap { kind, moments in
            zip(names, moments).map { ("\(kind).\($0)", $1) }
        }
    }

    public func restore(_ tensors: [String: Tensor], steps: Int) throws(TorchError) {
        try overwriteState(tensors)
        self.steps = steps
    }
}
