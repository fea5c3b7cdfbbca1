import CTorch

/// Adam as PyTorch computes it (Kingma and Ba, 2015, Algorithm 1, with ε added after the bias correction).
public final class Adam {
    public let learningRate: Double
    public let beta1: Double
    public let beta2: Double
    public let epsilon: Double
    public let weightDecay: Double
    /// Steps done.
    public private(set) var steps = 0

    private let parameters: [(name: String, tensor: Tensor)]
    private let firstMoments: [Tensor]
    private let secondMoments: [Tensor]

    public init(
        _ parameters: [(name: String, tensor: Tensor)], learningRate: Double = 1e-3, beta1: Double = 0.9,
        beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0
    ) throws(TorchError) {
        self.parameters = parameters
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        var moments: [[Tensor]] = [[], []]
        for (_, tensor) in parameters {
            for index in 0..<2 { moments[index].append(try .zeros(tensor.shape, device: tensor.device)) }
        }
        firstMoments = moments[0]
        secondMoments = moments[1]
    }

    /// Forgets the gradients of the last step.
    public func clearGradients() {
        for (_, tensor) in parameters { tensor.clearGradient() }
    }

    /// Moves every parameter that has a gradient.
    public func step() throws(TorchError) {
        try step(parameters.map(\.tensor.gradient))
    }

    /// Moves every parameter against the gradient of `loss`, a scalar. No other gradients are computed, and none are
    /// kept.
    /// - Parameter keepingGraph: whether something that shares the loss's history is differentiated afterwards.
    public func step(minimising loss: Tensor, keepingGraph: Bool = false) throws(TorchError) {
        try step(loss.gradients(of: parameters.map(\.tensor), keepingGraph: keepingGraph))
    }

    private func step(_ gradients: [Tensor?]) throws(TorchError) {
        steps += 1
        let stepSize = learningRate / (1 - Adam.power(beta1, steps))
        let root = (1 - Adam.power(beta2, steps)).squareRoot()
        for (index, (_, tensor)) in parameters.enumerated() {
            guard let gradient = gradients[index] else { continue }
            if tensor.device.isCPU, tensor.dataType == .float {
                try stepInOnePass(index, gradient: gradient, stepSize: stepSize, root: root)
            } else {
                try stepByOperators(index, gradient: gradient, stepSize: stepSize, root: root)
            }
        }
    }

    private func stepInOnePass(_ index: Int, gradient: Tensor, stepSize: Double, root: Double) throws(TorchError) {
        let gradient = try gradient.contiguous()
        do {
            try parameters[index].tensor.withUnsafeBytes { parameter in
                try gradient.withUnsafeBytes { gradient in
                    try firstMoments[index].withUnsafeBytes { first in
                        try secondMoments[index].withUnsafeBytes { second in
                            ct_adam_step(
                                parameter.floats, gradient.floats, first.floats, second.floats, parameter.count / 4,
                                Float(beta1), Float(1 - beta1), Float(beta2), Float(1 - beta2), Float(stepSize),
                                Float(1 / root), Float(epsilon), Float(weightDecay))
                        }
                    }
                }
            }
        } catch {
            throw error as? TorchError ?? TorchError("\(error)")
        }
    }

    private func stepByOperators(_ index: Int, gradient: Tensor, stepSize: Double, root: Double) throws(TorchError) {
        try Tensor.withoutGradients { () throws(TorchError) in
            let parameter = parameters[index].tensor
            let slope = weightDecay == 0 ? gradient : try gradient + parameter * weightDecay
            let first = firstMoments[index]
            let second = secondMoments[index]
            try first.copy(from: first * beta1 + slope * (1 - beta1))
            try second.copy(from: second * beta2 + slope.squared() * (1 - beta2))
            try parameter.accumulate(first / (second.squareRoot() / root + epsilon) * -stepSize)
        }
    }

    /// The moments under `first.NAME` and `second.NAME`.
    public var state: [(name: String, tensor: Tensor)] {
        parameters.indices.map { ("first.\(parameters[$0].name)", firstMoments[$0]) }
            + parameters.indices.map { ("second.\(parameters[$0].name)", secondMoments[$0]) }
    }

    /// Goes on from what ``state`` gave after `steps` steps.
    /// - Throws: ``TorchError`` that names a moment that is absent or has another shape.
    public func restore(_ tensors: [String: Tensor], steps: Int) throws(TorchError) {
        for (name, tensor) in state {
            guard let source = tensors[name] else { throw TorchError("the optimiser's state lacks '\(name)'") }
            // A smaller one would be stretched to fit.
            guard source.shape == tensor.shape else {
                throw TorchError("'\(name)' of the optimiser's state has the shape \(source.shape), not \(tensor.shape)")
            }
            try tensor.copy(from: source)
        }
        self.steps = steps
    }

    /// base^exponent by repeated squaring, the same on every machine.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var result = 1.0
        var factor = base
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return result
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate var floats: UnsafeMutablePointer<Float> { baseAddress!.assumingMemoryBound(to: Float.self) }
}
