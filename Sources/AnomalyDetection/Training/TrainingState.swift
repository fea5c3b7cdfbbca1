import Catalogue
import Foundation
import Torch

/// Everything that changes while a job trains: the network, the optimiser, the random stream and the record. All of
/// it is in a checkpoint, so that a resumed job goes on as if it had never stopped.
package final class TrainingState {
    package let method: any Method
    package let optimiser: Adam
    /// The one stream of the job: initial weights, data order and the method's noise, in this order.
    package let generator: Generator
    /// Mean training loss of each epoch done.
    var losses: [Double] = []
    /// Seconds of training so far, over all attempts.
    var trainingSeconds = 0.0
    /// The epoch under way: `nil` between epochs.
    var current: PartialEpoch?

    /// An epoch that has begun.
    struct PartialEpoch {
        /// The order of the images, int64 `[N]`.
        let order: Tensor
        var batchesDone = 0
        /// Sum over the images so far of their batch's loss.
        var lossSum = 0.0
    }

    /// A fresh start.
    package init(_ job: JobDescription) throws {
        guard let type = MethodRegistry.method(job.method) else {
            throw TrainingError("this worker does not know the method '\(job.method)'; update it to the coordinator's version")
        }
        let settings = MethodSettings(job.configuration)
        generator = try Generator(seed: UInt64(bitPattern: Int64(job.seed)))
        method = try type.init(settings, generator: generator)
        optimiser = try Adam(
            method.network.namedParameters, learningRate: try settings.number("learning_rate"))
    }

    /// Epochs done.
    var epoch: Int { losses.count }

    /// Images of the epoch under way that are done.
    func imagesInEpoch(batchSize: Int) -> Int { (current?.batchesDone ?? 0) * batchSize }

    // MARK: Checkpoints

    /// The state as a safetensors file.
    func checkpoint(of job: JobDescription) throws -> Data {
        var tensors = method.network.state.map { (name: "network.\($0.name)", tensor: $0.tensor) }
        tensors += optimiser.state.map { (name: "optimiser.\($0.name)", tensor: $0.tensor) }
        tensors.append((name: "generator", tensor: try generator.state()))
        if let current { tensors.append((name: "order", tensor: current.order)) }
        return try Safetensors(
            tensors,
            metadata: [
                "job": job.canonicalJSON,
                "steps": String(optimiser.steps),
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
        guard let steps = file.metadata["steps"].flatMap({ Int($0) }),
            let losses = TrainingState.numbers(file.metadata["losses"]),
            let batchesDone = file.metadata["batches_done"].flatMap({ Int($0) }),
            let lossSum = TrainingState.numbers(file.metadata["loss_sum"])?.first,
            let seconds = file.metadata["training_seconds"].flatMap({ Double($0) }),
            steps >= 0, steps < Int(Int32.max), batchesDone >= 0, seconds.isFinite, lossSum.isFinite, losses.allSatisfy(\.isFinite)
        else { throw TrainingError("the checkpoint '\(name)' lacks its record of steps and losses") }
        let tensors = file.byName
        guard let stream = tensors["generator"] else {
            throw TrainingError("the checkpoint '\(name)' lacks the state of the random stream")
        }
        try method.network.load(TrainingState.part("network.", of: tensors))
        try optimiser.restore(TrainingState.part("optimiser.", of: tensors), steps: steps)
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

    private static func part(_ prefix: String, of tensors: [String: Tensor]) -> [String: Tensor] {
        Dictionary(
            tensors.filter { $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) },
            uniquingKeysWith: { first, _ in first })
    }
}
