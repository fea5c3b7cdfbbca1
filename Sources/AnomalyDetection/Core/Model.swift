import Catalogue
import Torch

/// What is trained: networks and the stages of their training.
///
/// Images are `[N, C, S, S]`, float, normalised as ``normalisation`` says. Everything that changes while a job trains is in a
/// checkpoint, so that a resumed job ends with the same bits: the tensors of ``network``, the optimisers and the job's random
/// stream. A model therefore keeps nothing of the kind elsewhere: what it must remember besides weights (a sum over an epoch, a
/// memory bank whose size the data decide) is a `Buffer` of its network, and every random number (noise, dropout, new weights)
/// comes from the generator that it is handed.
public protocol Model: AnyObject {
    /// Everything that is trained or fitted, and saved. Parts that are frozen (`Module.freeze()`) may be among it; their
    /// parameters are in no optimiser and no checkpoint, for ``init(_:context:)`` gives them anew.
    var network: Module { get }

    /// Networks that never change and are not saved, such as a pretrained one; by default none.
    var constants: [Module] { get }

    /// Builds the networks, on the CPU; the training core brings them to the job's device.
    init(_ settings: MethodSettings, context: ModelContext) throws

    /// What is done, in this order; empty for a model that is used as it is.
    var stages: [Stage] { get throws }

    /// Side of the training images as they are stored for ``StageInput``, pixels; by default the input's.
    static func storedSide(_ settings: MethodSettings) throws -> Int

    /// What the images' bytes become.
    var normalisation: ImageNormalisation { get }

    /// What the model makes of images where it reconstructs them, of the same shape and range; by default `nil`. The
    /// network is in evaluation mode and no gradients are recorded. It is for people to look at: no number comes from it.
    /// - Parameter generator: a stream for nothing else.
    func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor?
}

extension Model {
    public var constants: [Module] { [] }
    public static func storedSide(_ settings: MethodSettings) throws -> Int { try settings.inputSize }
    public var normalisation: ImageNormalisation { .symmetric }
    public func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? { nil }
}

/// What a model is made of besides its options.
public struct ModelContext {
    /// The files of pretrained weights on this machine.
    public let weights: PretrainedWeights
    /// The job's stream; initial weights are drawn from it.
    public let generator: Generator
    /// The training images.
    public let data: DataShape
    /// Features of pretrained networks that other jobs have computed of the same images; `nil`: there is no such place.
    public let features: FeatureCache?

    public init(weights: PretrainedWeights = PretrainedWeights(), generator: Generator, data: DataShape, features: FeatureCache? = nil) {
        self.weights = weights
        self.generator = generator
        self.data = data
        self.features = features
    }
}

/// What must be known of training images before any is looked at.
public struct DataShape: Sendable, Hashable {
    /// Training images.
    public let count: Int
    public let channels: Int
    /// S, pixels.
    public let side: Int

    public init(count: Int, channels: Int, side: Int) {
        self.count = count
        self.channels = channels
        self.side = side
    }
}
