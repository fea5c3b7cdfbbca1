import Catalogue
import Foundation
import ImageTransforms
import Torch

/// Everything that changes while a job trains and scores: networks, optimisers, the random stream, the place in the stages, the
/// scores so far. All of it is in a checkpoint, so that a resumed job goes on as if it had never stopped.
package final class TrainingState {
    package let job: JobDescription
    package let model: any Model
    package let scorer: any Scorer
    package let device: Device
    private let data: DataShape
    /// Whether convolutions and matrix products are computed in bfloat16.
    let isAutocast: Bool
    /// Whether the model was trained by another job.
    private(set) var hasTakenWeights = false
    /// The model's stages, then the scorer's.
    package let stages: [Stage]
    /// How many of them are the model's.
    let modelStageCount: Int
    /// The one stream of the job: initial weights, data order and the model's noise, in this order.
    package let generator: Generator
    /// Where the job is: the number of the stage under way; past the last one it scores.
    package internal(set) var stage = 0
    /// How far the stage under way is; `nil` before its first piece of work.
    var course: StageCourse?
    /// The optimisers of the stage under way, if it has any.
    package internal(set) var optimisers: Optimisers?
    /// The average of the network's weights in the stage under way, if it keeps one.
    var average: ExponentialMovingAverage?
    /// Units of the stages that are over.
    var finishedWork = 0
    /// Mean training loss of each epoch done, of all stages that have one.
    package internal(set) var losses: [Double] = []
    /// The engine classes that have worked on it, each once, as far as checkpoints tell.
    package var engines: [EngineClass] = []
    /// Seconds of work so far, over all attempts.
    package internal(set) var trainingSeconds = 0.0
    /// The test images that are scored.
    package internal(set) var scoring = PartialScoring()

    /// Threads that make the input of stages whose input is made.
    package var inputThreads = 1
    /// What makes the input of the stage under way, and the epoch and batch that it gives next.
    var pipeline: (maker: InputPipeline, epoch: Int, batch: Int)?

    /// How far a stage is.
    struct StageCourse {
        /// Epochs done, of a stage that makes several.
        var epochs = 0
        /// Optimiser steps done.
        var steps = 0
        /// Units done: images or what the stage counts.
        var units = 0
        /// The epoch under way: `nil` between epochs.
        var epoch: PartialEpoch?
    }

    /// An epoch that has begun.
    struct PartialEpoch {
        /// The order of the images, int64 `[N]`, on the CPU.
        let order: Tensor
        var batchesDone = 0
        /// Sum over the images so far of their batch's loss.
        var losses = LossSum()
    }

    /// A fresh start.
    /// - Parameter data: the training images.
    package convenience init(
        _ job: JobDescription, data: DataShape, weights: PretrainedWeights = PretrainedWeights(), device: Device = .cpu,
        features: FeatureCache? = nil
    ) throws {
        guard let method = MethodRegistry.method(job.method) else {
            throw TrainingError("this worker does not know the method '\(job.method)'; update it to the coordinator's version")
        }
        try self.init(job, method: method, data: data, weights: weights, device: device, features: features)
    }

    init(
        _ job: JobDescription, method: Method, data: DataShape, weights: PretrainedWeights = PretrainedWeights(),
        device: Device = .cpu, features: FeatureCache? = nil
    ) throws {
        self.job = job
        self.device = device
        isAutocast = InputOptions.precision.value(in: job.configuration) == .bfloat16
        self.data = data
        let settings = MethodSettings(job.configuration)
        // On the CPU whatever the device: so it is the same numbers everywhere.
        generator = try Generator(seed: UInt64(bitPattern: Int64(job.seed)))
        (model, scorer) = try method.make(
            settings, context: ModelContext(weights: weights, generator: generator, data: data, features: features))
        for module in [model.network, scorer.network].compactMap(\.self) + model.constants { try module.move(to: device) }
        let own = try model.stages
        modelStageCount = own.count
        stages = try own + scorer.stages
    }

    /// Whether every stage is over, so that images can be scored.
    package var isTrained: Bool { stage >= stages.count }

    /// ``JobProgress/work`` so far.
    package var work: Int { finishedWork + (course?.units ?? 0) + scoring.count }

    /// The stream of the stage that begins: the model's draw from the job's; each of the scorer's from one of its own, since its numbers
    /// must not depend on whether the model was trained here or taken over.
    func stageGenerator() throws -> Generator {
        guard stage >= modelStageCount else { return generator }
        let seed = UInt64(bitPattern: Int64(job.seed)) ^ 0x57A6_E5C0_57A6_E5C0
        return try Generator(seed: seed &+ UInt64(stage - modelStageCount))
    }

    /// Everything that is saved of a module.
    private static func named(_ prefix: String, _ tensors: [(name: String, tensor: Tensor)]) -> [(name: String, tensor: Tensor)] {
        tensors.map { (name: "\(prefix).\($0.name)", tensor: $0.tensor) }
    }

    // MARK: Checkpoints

    /// The state as a safetensors file.
    package func checkpoint() throws -> Data {
        var tensors = Self.named("network", model.network.changingState)
        tensors += Self.named("scorer", scorer.network?.changingState ?? [])
        tensors += Self.named("optimiser", optimisers?.state ?? [])
        tensors += Self.named("average", average?.state ?? [])
        tensors.append((name: "generator", tensor: try generator.state()))
        if let order = course?.epoch?.order { tensors.append((name: "order", tensor: order)) }
        if scoring.count > 0 { tensors += try scoring.tensors }
        return try Safetensors(
            tensors,
            metadata: [
                "training": trainingJSON, "job": job.canonicalJSON, "stage": String(stage), "begun": course == nil ? "no" : "yes",
                "epochs": String(course?.epochs ?? 0), "stage_steps": String(course?.steps ?? 0), "units": String(course?.units ?? 0),
                "batches_done": String(course?.epoch?.batchesDone ?? 0),
                "loss_sum": Self.exactText([try course?.epoch?.losses.value() ?? 0]), "finished_work": String(finishedWork),
                "steps": (optimisers?.steps ?? []).map(String.init).joined(separator: " "),
                "engines": String(decoding: try JSONEncoder().encode(engines), as: UTF8.self),
                "losses": Self.exactText(losses), "training_seconds": String(trainingSeconds), "map_side": String(scoring.mapSide),
            ]
        ).encoded()
    }

    /// Runs a piece of the job's work in its precision.
    func inPrecision<Result>(_ body: () throws -> Result) rethrows -> Result {
        try isAutocast ? Tensor.withAutocast(on: device, body) : body()
    }

    /// What the model's training is known by: that of a model without one is the job's own.
    private var trainingJSON: String { job.training?.canonicalJSON ?? job.canonicalJSON }

    /// Goes on from a checkpoint. Of a job with the same training and another scorer, what belongs to the scorer is left aside.
    /// - Throws: ``TrainingError`` when it belongs to another training or is not whole; ``TorchError`` from the reader.
    package func restore(_ data: Data, name: String) throws {
        let file = try Safetensors(data, name: name)
        guard file.metadata["training"] == trainingJSON else {
            throw TrainingError("the checkpoint '\(name)' belongs to another job")
        }
        let isOwn = file.metadata["job"] == job.canonicalJSON
        // What no job can count to is refused: sums of it would not fit.
        func count(_ key: String) -> Int? { file.metadata[key].flatMap { Int($0) }.flatMap { (0..<1 << 52).contains($0) ? $0 : nil } }
        guard let stage = count("stage"), let begun = file.metadata["begun"], let epochs = count("epochs"),
            let stageSteps = count("stage_steps"), let units = count("units"), let batchesDone = count("batches_done"),
            let lossSum = Self.numbers(file.metadata["loss_sum"])?.first, let finishedWork = count("finished_work"),
            let engines = file.metadata["engines"].flatMap({ try? JSONDecoder().decode([EngineClass].self, from: Data($0.utf8)) }),
            let steps = Self.counts(file.metadata["steps"]), let losses = Self.numbers(file.metadata["losses"]),
            let seconds = file.metadata["training_seconds"].flatMap({ Double($0) }), let mapSide = count("map_side"),
            seconds.isFinite, lossSum.isFinite, losses.allSatisfy(\.isFinite)
        else { throw TrainingError("the checkpoint '\(name)' lacks its record of stages, steps and losses") }
        let tensors = file.byName
        guard let stream = tensors["generator"] else {
            throw TrainingError("the checkpoint '\(name)' lacks the state of the random stream")
        }
        // Another scorer's job has its own stages behind the model's.
        let isModels = stage < modelStageCount
        guard isOwn ? stage <= stages.count : true else {
            throw TrainingError("the checkpoint '\(name)' is of stage \(stage + 1), and there are \(stages.count)")
        }
        try model.network.load(tensors.part("network."), includingFrozen: false)
        try generator.restore(stream)
        self.losses = losses
        self.engines = engines
        trainingSeconds = seconds
        guard isOwn || isModels else {
            skipModelStages()
            return
        }
        if let network = scorer.network, isOwn { try network.load(tensors.part("scorer."), includingFrozen: false) }
        self.stage = stage
        self.finishedWork = finishedWork
        if begun == "yes", stage < stages.count {
            if case .gradient(let gradient) = stages[stage] {
                let optimisers = try gradient.makeOptimisers()
                try optimisers.restore(tensors.part("optimiser."), steps: steps)
                self.optimisers = optimisers
                average = try gradient.averageDecay.map { try ExponentialMovingAverage(of: model.network, decay: $0) }
                try average?.restore(tensors.part("average."))
            }
            course = StageCourse(
                epochs: epochs, steps: stageSteps, units: units,
                epoch: tensors["order"].map { PartialEpoch(order: $0, batchesDone: batchesDone, losses: LossSum(lossSum)) })
        }
        if isOwn { scoring = try PartialScoring(tensors, mapSide: mapSide, name: name) }
    }

    private func skipModelStages() {
        stage = modelStageCount
        finishedWork = stages.prefix(modelStageCount).reduce(0) { $0 + Trainer.units(of: $1, count: data.count) }
        course = nil
        optimisers = nil
        average = nil
        scoring = PartialScoring()
    }

    // MARK: Weights

    /// The trained model as a safetensors file.
    package func weights() throws -> Data {
        try Safetensors(
            model.network.state, metadata: ["training": trainingJSON, "losses": Self.exactText(losses)]
        ).encoded()
    }

    /// Takes over what another job with the same ``JobDescription/training`` has trained, as if it had been trained here.
    /// - Throws: ``TrainingError`` when the weights are another training's; ``TorchError`` from the reader.
    package func take(_ data: Data, name: String) throws {
        let file = try Safetensors(data, name: name)
        guard job.training != nil, file.metadata["training"] == trainingJSON, let losses = Self.numbers(file.metadata["losses"]) else {
            throw TrainingError("the weights '\(name)' belong to another training")
        }
        try model.network.load(file.byName)
        self.losses = losses
        hasTakenWeights = true
        skipModelStages()
    }

    /// Numbers as bit patterns, since a detour through decimals must not change them.
    private static func exactText(_ numbers: [Double]) -> String {
        numbers.map { String($0.bitPattern, radix: 16) }.joined(separator: " ")
    }

    private static func numbers(_ text: String?) -> [Double]? {
        guard let patterns = text?.split(separator: " ").map({ UInt64($0, radix: 16) }) else { return nil }
        return patterns.contains(nil) ? nil : patterns.map { Double(bitPattern: $0!) }
    }

    private static func counts(_ text: String?) -> [Int]? {
        guard let counts = text?.split(separator: " ").map({ Int32($0) }) else { return nil }
        return counts.contains { $0 == nil || $0! < 0 } ? nil : counts.map { Int($0!) }
    }
}
