import AnomalyDetection
import Catalogue
import Foundation

/// A method at the settings that it is measured with: the manifest that both `medsweep-bench measure` and bench_methods.py read.
struct Workload: Codable {
    var method: String
    var options: Settings
    var device: String
    var threads: Int
    /// 0 for a method that trains nothing.
    var batchSize: Int
    /// As our scorer has it.
    var scoringBatchSize = 64
    var learningRate: Double
    /// Training images.
    var images: Int
    /// Seconds that each of the two measurements takes at least.
    var seconds: Double

    enum CodingKeys: String, CodingKey {
        case method, options, device, threads, images, seconds
        case batchSize = "batch_size", scoringBatchSize = "scoring_batch_size", learningRate = "learning_rate"
    }

    /// A method at its defaults.
    /// - Parameter changes: options that have other values.
    init(_ description: MethodDescription, device: String, threads: Int, seconds: Double, changes: Settings = [:]) throws {
        method = description.name
        // Of what pretrained networks compute only the time matters here.
        var options = description.resolve(["weights": "random"].merging(changes) { $1 }, for: .custom("random"))
        // However fast the machine is, the training is not to end.
        for (name, value) in ["epochs": 1_000_000, "steps": 100_000_000] where options[name] != nil { options[name] = .integer(value) }
        batchSize = options["batch_size"]?.integerValue ?? 0
        learningRate = options["learning_rate"]?.doubleValue ?? 0
        // What the restatements call the number of colours; ours reads `color`.
        options["channels"] = .integer(try MethodSettings(options).channels)
        self.options = options
        (self.device, self.threads, self.seconds) = (device, threads, seconds)
        // f-AnoGAN's generator moves with every fifth batch of an epoch.
        images = batchSize > 0 ? (method == "f-anogan" ? 10 : 3) * batchSize : method == "patchcore" ? 24 : 256
    }

    /// The job that this is on images which nobody has.
    var job: JobDescription {
        JobDescription(
            method: method, configuration: options, dataset: "random", fingerprint: String(repeating: "0", count: 64), seed: 0)
    }

    var inputSize: Int { options["input_size"]?.integerValue ?? 0 }
}

/// What one process says of a ``Workload``.
struct Measurement: Codable {
    /// Images a second; of a method that trains nothing, while it fits its scorer.
    var training: Double
    /// Images a second.
    var scoring: Double
    /// The time of day in seconds at the end of the first step.
    var firstStep: Double
    /// The most bytes of a GPU's memory that tensors had, where that is known.
    var deviceMemory: Int?
    /// The most bytes that the process had resident.
    var memory: Int
    /// Of ours.
    var scoringBatchSize: Int?

    enum CodingKeys: String, CodingKey {
        case training, scoring, memory
        case firstStep = "first_step", deviceMemory = "device_memory", scoringBatchSize = "scoring_batch_size"
    }
}
