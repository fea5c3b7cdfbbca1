import Torch

/// A part of a training. Each does its work in small pieces, so that it can be told of, stopped, saved and gone on with anywhere.
public enum Stage {
    /// Steps of optimisers.
    case gradient(GradientStage)
    /// One pass over the training images without gradients.
    case fit(FitStage)
    /// Work that is counted in units of its own.
    case iteration(IterationStage)

    /// The stage's name, for people: `training`, `memory bank`. Those of a job differ from each other.
    public var name: String {
        switch self {
        case .gradient(let stage): stage.name
        case .fit(let stage): stage.name
        case .iteration(let stage): stage.name
        }
    }
}

/// Shuffled batches, each a step of one or several optimisers; the last partial batch of a pass is kept.
public struct GradientStage {
    public let name: String
    public let length: TrainingLength
    /// Images of a batch.
    public let batchSize: Int
    /// How the optimisers' learning rates go on; `nil`: they stay.
    public let schedule: Schedule?
    /// d of the exponential moving average of the network's weights, which take the weights' place at the stage's end; `nil`: none is
    /// kept.
    public let averageDecay: Double?
    /// How the batches' images are made of the stored ones; `nil`: they are these.
    public let input: StageInput?
    /// Makes the stage's optimisers, at their first step.
    package let makeOptimisers: () throws -> Optimisers
    /// One step on a batch. The network is in training mode. Returns the batch's loss as it is told to people, a scalar on the
    /// batch's device, without waiting for its value.
    let step: (TrainingBatch, Optimisers, Generator) throws -> Tensor
    /// Called after the last step of every epoch.
    let epochEnded: (Optimisers, Generator) throws -> Void

    /// A course of the learning rates.
    public struct Schedule: Sendable, Hashable {
        /// What the course is counted in.
        public enum Unit: Sendable, Hashable { case steps, epochs }

        public let course: LearningRateSchedule
        public let unit: Unit

        public init(_ course: LearningRateSchedule, by unit: Unit) {
            self.course = course
            self.unit = unit
        }
    }

    public init(
        _ name: String = "training", length: TrainingLength, batchSize: Int, input: StageInput? = nil, schedule: Schedule? = nil,
        averageDecay: Double? = nil,
        optimisers: @escaping () throws -> Optimisers,
        epochEnded: @escaping (Optimisers, Generator) throws -> Void = { _, _ in },
        step: @escaping (TrainingBatch, Optimisers, Generator) throws -> Tensor
    ) {
        self.name = name
        self.length = length
        self.batchSize = batchSize
        self.input = input
        self.schedule = schedule
        self.averageDecay = averageDecay
        makeOptimisers = optimisers
        self.step = step
        self.epochEnded = epochEnded
    }
}

/// One pass over the training images in their order, with networks in evaluation mode and no gradients recorded.
public struct FitStage {
    public let name: String
    /// Images of a batch.
    public let batchSize: Int
    /// Called once at the beginning.
    let begin: (Generator) throws -> Void
    /// Looks at the images of `range`, `[N, C, S, S]`. What it gathers is in buffers of the network.
    let observe: (_ images: Tensor, _ range: Range<Int>) throws -> Void
    /// Called once at the end.
    let finish: () throws -> Void

    public init(
        _ name: String, batchSize: Int = 64, begin: @escaping (Generator) throws -> Void = { _ in },
        finish: @escaping () throws -> Void = {}, observe: @escaping (_ images: Tensor, _ range: Range<Int>) throws -> Void
    ) {
        self.name = name
        self.batchSize = batchSize
        self.begin = begin
        self.observe = observe
        self.finish = finish
    }
}

/// Work on what earlier stages have gathered, with no gradients recorded, such as the picks of a coreset.
public struct IterationStage {
    public let name: String
    /// What is counted: `picks`.
    public let unit: String
    /// How many units there are.
    public let count: Int
    /// Units that are done without being asked to stop in between.
    public let chunk: Int
    /// Called once at the beginning.
    let begin: (Generator) throws -> Void
    /// Does the units of `range`. What it gathers is in buffers of the network.
    let advance: (_ range: Range<Int>) throws -> Void
    /// Called once at the end.
    let finish: () throws -> Void

    public init(
        _ name: String, unit: String, count: Int, chunk: Int, begin: @escaping (Generator) throws -> Void = { _ in },
        finish: @escaping () throws -> Void = {}, advance: @escaping (_ range: Range<Int>) throws -> Void
    ) {
        self.name = name
        self.unit = unit
        self.count = count
        self.chunk = chunk
        self.begin = begin
        self.advance = advance
        self.finish = finish
    }
}

extension Stage {
    /// The usual stage: one loss, minimised by one Adam over all parameters that are not frozen.
    /// - Parameter loss: the loss of a batch, a scalar; the generator is the job's stream.
    static func training(
        _ settings: MethodSettings, length: TrainingLength? = nil, of network: Module,
        loss: @escaping (_ images: Tensor, _ generator: Generator) throws -> Tensor
    ) throws -> Stage {
        let learningRate = try settings.learningRate
        return .gradient(
            GradientStage(
                length: try length ?? settings.epochs, batchSize: try settings.batchSize,
                optimisers: { try Optimisers(Adam(network.trainableParameters, learningRate: learningRate)) }
            ) { batch, optimisers, generator in
                let loss = try loss(batch.images, generator)
                try optimisers.only.step(minimising: loss)
                return try loss.detached()
            })
    }
}
