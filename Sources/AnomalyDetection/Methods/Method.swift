import Catalogue
import Torch

/// A method of the study: networks, how a batch trains them and how images are scored by them.
///
/// Images are `[N, C, S, S]`, float, normalised as ``normalisation`` says. A method that is trained by one loss with one
/// optimiser conforms to ``SingleLossMethod`` and says no more than that loss, the map and the network.
///
/// Everything that changes while a job trains is in a checkpoint, so that a resumed job ends with the same bits: the
/// tensors of ``network``, the optimisers and the job's random stream. A method therefore keeps nothing of the kind
/// elsewhere: what it must remember besides weights (a sum over an epoch) is a `Buffer` of its network, and every
/// random number (noise, dropout, new weights) comes from the `generator` that it is handed.
public protocol Method: AnyObject {
    /// The name in the catalogue.
    static var name: String { get }

    /// Everything that is trained and saved. Parts that are frozen (`Module.freeze()`) may be among it; their
    /// parameters are in no optimiser and no checkpoint, for ``init(_:weights:generator:)`` gives them anew. Frozen parts without
    /// buffers that change may as well lie outside of it.
    var network: Module { get }

    /// Builds the networks.
    /// - Parameters:
    ///   - weights: the files of pretrained weights on this machine.
    ///   - generator: the job's stream; initial weights are drawn from it.
    init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws

    /// How long a job trains.
    var length: TrainingLength { get }

    /// What the images' bytes become.
    var normalisation: ImageNormalisation { get }

    /// The optimisers, at their first step. By default one Adam over all parameters that are not frozen.
    func makeOptimisers(learningRate: Double) throws -> Optimisers

    /// Called once before the first step, with all training images; by default it does nothing. What it finds out is kept in
    /// buffers of ``network``.
    func prepare(_ images: ImageBatches) throws

    /// One step of training on a batch: the steps of one or several optimisers. The network is in training mode.
    /// - Parameter generator: the job's stream.
    /// - Returns: the batch's loss, as it is told to people.
    func step(_ batch: TrainingBatch, optimisers: Optimisers, generator: Generator) throws -> Double

    /// Called after the last step of every epoch; by default it does nothing.
    func epochEnded(optimisers: Optimisers, generator: Generator) throws

    /// The anomaly scores of a batch, higher is more abnormal. The network is in evaluation mode.
    /// - Parameter generator: a stream for scoring only.
    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores

    /// What the method makes of images where it reconstructs them, of the same shape and range; by default `nil`. The
    /// network is in evaluation mode and no gradients are recorded. It is for people to look at: no number comes from it.
    /// - Parameter generator: a stream for nothing else.
    func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor?

    /// Images scored at once, by default 64. It is a constant of the method, since another batch gives other last digits.
    var scoringBatchSize: Int { get }

    /// Whether ``scores(_:generator:)`` needs gradients to be recorded; by default they are not.
    var scoresByGradients: Bool { get }
}

extension Method {
    public var normalisation: ImageNormalisation { .symmetric }
    public var scoringBatchSize: Int { 64 }
    public var scoresByGradients: Bool { false }

    public func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? { nil }

    public func makeOptimisers(learningRate: Double) throws -> Optimisers {
        try Optimisers(Adam(network.trainableParameters, learningRate: learningRate))
    }

    public func prepare(_ images: ImageBatches) throws {}

    public func epochEnded(optimisers: Optimisers, generator: Generator) throws {}
}

/// A method that is trained by one loss with one optimiser.
public protocol SingleLossMethod: Method {
    /// The training loss of a batch, a scalar. `generator` is the job's stream.
    func loss(_ images: Tensor, generator: Generator) throws -> Tensor
}

extension SingleLossMethod {
    public func step(_ batch: TrainingBatch, optimisers: Optimisers, generator: Generator) throws -> Double {
        let loss = try loss(batch.images, generator: generator)
        try optimisers.only.step(minimising: loss)
        return try loss.item()
    }
}
