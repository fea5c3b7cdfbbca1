import Torch

/// The optimisers of a stage, each with a name of its own under which a checkpoint keeps it.
public struct Optimisers {
    /// In the order of the checkpoint.
    public let all: [(name: String, optimiser: any Optimiser)]
    /// The learning rates that they were made with, of which a schedule takes a share.
    private let learningRates: [Double]

    /// Several optimisers, e.g. of a generator and a discriminator.
    public init(_ all: [(name: String, optimiser: any Optimiser)]) {
        self.all = all
        learningRates = all.map(\.optimiser.learningRate)
    }

    /// A single optimiser.
    public init(_ only: any Optimiser) { self.init([("", only)]) }

    /// The single optimiser.
    public var only: any Optimiser { all[0].optimiser }

    /// The optimiser called `name`, one of those that the stage made.
    public subscript(_ name: String) -> any Optimiser { all.first { $0.name == name }!.optimiser }

    /// A step of every optimiser against the gradient of `loss`, a scalar, all computed together.
    public func step(minimising loss: Tensor) throws(TorchError) {
        try step(loss.gradients(of: parameters))
    }

    /// A step of every optimiser along gradients of ``parameters``.
    public func step(_ gradients: [Tensor?]) throws(TorchError) {
        var start = 0
        for (_, optimiser) in all {
            let count = optimiser.parameters.count
            try optimiser.step(Array(gradients[start..<start + count]))
            start += count
        }
    }

    /// What all optimisers move.
    public var parameters: [Tensor] { all.flatMap { $0.optimiser.parameters.map(\.tensor) } }

    /// All moments: `first.WEIGHT` and `second.WEIGHT` of a single optimiser, `NAME.first.WEIGHT` … of several.
    public var state: [(name: String, tensor: Tensor)] {
        all.flatMap { name, optimiser in optimiser.state.map { (Self.prefix(name) + $0.name, $0.tensor) } }
    }

    /// Goes on with a share of the learning rates.
    func setLearningRates(_ share: Double) {
        for ((_, optimiser), rate) in zip(all, learningRates) { optimiser.learningRate = rate * share }
    }

    /// Steps done by each.
    public var steps: [Int] { all.map(\.optimiser.steps) }

    /// Goes on from what ``state`` and ``steps`` gave.
    /// - Throws: ``TorchError`` that names a moment that is absent or has another shape.
    public func restore(_ tensors: [String: Tensor], steps: [Int]) throws(TorchError) {
        guard steps.count == all.count else {
            throw TorchError("there are steps of \(steps.count) optimisers, not of \(all.count)")
        }
        for ((name, optimiser), steps) in zip(all, steps) {
            try optimiser.restore(tensors.part(Self.prefix(name)), steps: steps)
        }
    }

    private static func prefix(_ name: String) -> String { name.isEmpty ? "" : name + "." }
}

extension [String: Tensor] {
    /// The tensors whose names begin with `prefix`, under the rest of their names.
    func part(_ prefix: String) -> [String: Tensor] {
        Dictionary(
            filter { $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) },
            uniquingKeysWith: { first, _ in first })
    }
}
