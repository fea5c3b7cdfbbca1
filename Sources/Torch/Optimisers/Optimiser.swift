/// What moves parameters against their gradients. Parameters are moved in place; a module is brought to its device
/// (``Module/move(to:)``) before its optimiser is made.
public protocol Optimiser: AnyObject {
    /// What is trained, in the order of gradients and state.
    var groups: [ParameterGroup] { get }
    /// The learning rate of the next step, before it is multiplied group by group. A ``LearningRateSchedule`` gives one
    /// for each.
    var learningRate: Double { get set }
    /// What gradients are cut down to before a step.
    var gradientLimit: GradientLimit? { get set }
    /// Steps done.
    var steps: Int { get }
    /// The tensors that go from step to step, by names such as `first.encoder.0.weight`.
    var state: [(name: String, tensor: Tensor)] { get }

    /// Moves every parameter that has a gradient.
    /// - Parameter gradients: one for each of ``parameters``, of its shape; `nil` for one that stays where it is.
    func step(_ gradients: [Tensor?]) throws(TorchError)

    /// Goes on from what ``state`` gave after `steps` steps.
    /// - Throws: ``TorchError`` that names a tensor that is absent or has another shape.
    func restore(_ tensors: [String: Tensor], steps: Int) throws(TorchError)
}

extension Optimiser {
    /// The parameters of all groups.
    public var parameters: [(name: String, tensor: Tensor)] { groups.flatMap(\.parameters) }

    /// The learning rate of each group's next step.
    public var learningRates: [Double] { groups.map { learningRate * $0.learningRateMultiple } }

    /// Forgets the gradients of the last step.
    public func clearGradients() {
        for (_, tensor) in parameters { tensor.clearGradient() }
    }

    /// Moves every parameter against the gradient that ``Tensor/backward()`` has left in it.
    public func step() throws(TorchError) {
        try step(parameters.map(\.tensor.gradient))
    }

    /// Moves every parameter against the gradient of `loss`, a scalar. No other gradients are computed, and none are
    /// kept.
    /// - Parameter keepingGraph: whether something that shares the loss's history is differentiated afterwards.
    public func step(minimising loss: Tensor, keepingGraph: Bool = false) throws(TorchError) {
        try step(loss.gradients(of: parameters.map(\.tensor), keepingGraph: keepingGraph))
    }

    /// Moves every parameter once, against the gradient of the mean of `count` losses. They are computed and
    /// differentiated one after the other, so that only one at a time takes memory.
    /// - Parameter loss: the loss of micro-batch 0, 1, … `count` - 1, a scalar.
    /// - Returns: the mean of the losses, a scalar without history.
    @discardableResult
    public func step(minimisingMeanOf count: Int, _ loss: (Int) throws -> Tensor) throws -> Tensor {
        guard count > 0 else { throw TorchError("a step needs one loss or more") }
        let sources = parameters.map(\.tensor)
        var sums = [Tensor?](repeating: nil, count: sources.count)
        var isOwn = [Bool](repeating: false, count: sources.count)
        var mean: Tensor?
        for index in 0..<count {
            let share = try loss(index) / Double(count)
            for (place, gradient) in try share.gradients(of: sources).enumerated() {
                guard let gradient else { continue }
                guard let sum = sums[place] else {
                    sums[place] = gradient
                    continue
                }
                // A gradient may share its memory with another one, or stand for many equal elements.
                if isOwn[place] {
                    try sum.accumulate(gradient)
                } else {
                    sums[place] = try sum + gradient
                    isOwn[place] = true
                }
            }
            let value = try share.detached()
            mean = try mean.map { try $0 + value } ?? value
        }
        try step(sums)
        return mean!
    }

    /// The gradients that a step goes by: `gradients` within ``gradientLimit``.
    func limited(_ gradients: [Tensor?]) throws(TorchError) -> [Tensor?] {
        guard gradients.count == parameters.count else {
            throw TorchError("there are \(gradients.count) gradients for \(parameters.count) parameters")
        }
        guard let gradientLimit else { return gradients }
        return try Tensor.withoutGradients { () throws(TorchError) in try gradientLimit.applied(to: gradients) }
    }

    /// Overwrites ``state``.
    func overwriteState(_ tensors: [String: Tensor]) throws(TorchError) {
        for (name, tensor) in state {
            guard let source = tensors[name] else { throw TorchError("the optimiser's state lacks '\(name)'") }
            // A smaller one would be stretched to fit.
            guard source.shape == tensor.shape else {
                throw TorchError("'\(name)' of the optimiser's state has the shape \(source.shape), not \(tensor.shape)")
            }
            try tensor.copy(from: source)
        }
    }
}
