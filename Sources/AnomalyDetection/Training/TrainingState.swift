import Catalogue
import Foundation
import Torch

/// Everything that changes while a job trains: the network, the optimisers, the random stream and the record. All of
/// it is in a checkpoint, so that a resumed job goes on as if it had never stopped.
package final class TrainingState {
    package let method: any Method
    package let optimisers: Optimisers
    /// The one stream of the job: initial weights, data order and the method's noise, in this order.
    package let generator: Generator
    /// Mean training loss of each epoch done.
    var losses: [Double] = []
    /// Seconds of training so far, over all attempts.
    var trainingSeconds = 0.0
    /// The epoch under way: `nil` between epochs.
    var current: PartialEpoch?
    /// Images trained on in this attempt.
    var imagesTrained = 0

    /// An epoch that has begun.
    struct PartialEpoch {
        /// The order of the images, int64 `[N]`.
        let order: Tensor
        var batchesDone = 0
        /// Sum over the images so far of their batch's loss.
        var lossSum = 0.0
    }

    /// A fresh start.
    package convenience init(_ job: JobDescription, weights: PretrainedWeights = PretrainedWeights()) throws {
        guard let type = MethodRegistry.method(job.method) else {
            throw TrainingError("this worker does not know the method '\(job.method)'; update it to the coordinator's version")
        }
        try self.init(job, type: type, weights: weights)
    }

    init(_ job: JobDescription, type: any Method.Type, weights: PretrainedWeights) throws {
        let settings = MethodSettings(job.configuration)
        generator = try Generator(seed: UInt64(bitPattern: Int64(job.seed)))
        method = try type.init(settings, weights: weights, generator: generator)
        optimisers = try method.makeOptimisers(learningRate: settings.number("learning_rate"))
    }

    /// Epochs done.
    var epoch: Int { losses.count }

    // MARK: Checkpoints

    /// The state as a safetensors file.
    func checkpoint(of job: JobDescription) throws -> Data {
        var tensors = method.network.changingState.map { (name: "network.\($0.name)", tensor: $0.tensor) }
        tensors += optimisers.state.map { (name: "optimiser.\($0.name)", tensor: $0.tensor) }
        tensors.append((name: "generator", tensor: try generator.state()))
        if let current { tensors.append((name: "order", tensor: current.order)) }
        return try Safetensors(
            tensors,
            metadata: [
                "job": job.canonicalJSON,
                "steps": optimisers.steps.map(String.init).joined(separator: " "),
                "losses": TrainingState.exactText(losses),
                "batches_done": String(current?.batchesDone ?? 0),
                "loss_sum": TrainingState.exactText([current?.lossSum ?? 0]),
                "training_seconds": String(trainingSeconds),
            ]
        ).encoded()
    }

    /// Goes on from a checkpoint.
    /// - Throws: ``TrainingError`` when it belongs to another job or is not whole; ``TorchError`` from the reader.
    func restore(_ data: Data, name: String, job: JobDescription) throws {
        let file = try Safetensors(data, name: name)
        guard file.metadata["job"] == job.canonicalJSON else {
            throw TrainingError("the checkpoint '\(name)' belongs to another job")
        }
        guard let steps = TrainingState.counts(file.metadata["steps"]),
            let losses = TrainingState.numbers(file.metadata["losses"]),
            let batchesDone = file.metadata["batches_done"].flatMap({ Int($0) }),
            let lossSum = TrainingState.numbers(file.metadata["loss_sum"])?.first,
            let seconds = file.metadata["training_seconds"].flatMap({ Double($0) }),
            batchesDone >= 0, seconds.isFinite, lossSum.isFinite, losses.allSatisfy(\.isFinite)
        else { throw TrainingError("the checkpoint '\(name)' lacks its record of steps and losses") }
        let tensors = file.byName
        guard let stream = tensors["generator"] else {
            throw TrainingError("the checkpoint '\(name)' lacks the state of the random stream")
        }
        try method.network.load(tensors.part("network."), includingFrozen: false)
        try optimisers.restore(tensors.part("optimiser."), steps: steps)
        try generator.restore(stream)
        self.losses = losses
        trainingSeconds = seconds
        current = tensors["order"].map { PartialEpoch(order: $0, batchesDone: batchesDone, lossSum: lossSum) }
    }

    // MARK: Weights

    /// The trained network as a safetensors file.
    func weights(of job: JobDescription) throws -> Data {
        try Safetensors(
            method.network.state,
            metadata: ["job": (job.trainingJob ?? job).canonicalJSON, "losses": TrainingState.exactText(losses)]
        ).encoded()
    }

    /// Takes over what the job's ``JobDescription/trainingJob`` has trained, as if it had been trained here.
    /// - Throws: ``TrainingError`` when the weights are another job's; ``TorchError`` from the reader.
    func take(_ data: Data, name: String, job: JobDescription) throws {
        let file = try Safetensors(data, name: name)
        guard let training = job.trainingJob, file.metadata["job"] == training.canonicalJSON else {
            throw TrainingError("the weights '\(name)' belong to another job")
        }
        try method.network.load(file.byName)
        // Weights of earlier versions have no record of them.
        losses = TrainingState.numbers(file.metadata["losses"]) ?? []
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
