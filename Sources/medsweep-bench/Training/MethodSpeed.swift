import AnomalyDetection
import Catalogue
import Foundation
import Torch

/// How fast a method trains and scores at its defaults, by us and by PyTorch.
struct MethodSpeed {
    /// Images a second.
    struct Speeds: Decodable {
        var training: Double
        var scoring: Double
    }

    let method: String
    let ours: Speeds
    let theirs: Speeds
    let inputSize: Int
    let batchSize: Int

    /// What the script reads.
    private struct Manifest: Encodable {
        var method: String
        var options: [String: Setting]
        var threads: Int
        var batch_size: Int
        var steps: Int
        var images: Int
        var learning_rate: Double
    }

    /// Seconds that each of the two measurements is to take on our side.
    private static let aim = 2.0

    /// - Parameter folder: where the manifest is written for the script.
    init(_ description: MethodDescription, threads: Int, folder: URL, python: Python) throws {
        method = description.name
        LibTorch.threads = threads
        // Of what pretrained networks compute only the time matters here.
        let settings = description.resolve(["threads": .integer(threads), "weights": "random"], for: .custom("random"))
        let job = JobDescription(
            method: method, configuration: settings, dataset: "random", fingerprint: String(repeating: "0", count: 64), seed: 0)
        let values = MethodSettings(settings)
        let inputSize = try values.integer("input_size")
        let batchSize = try values.integer("batch_size")
        (self.inputSize, self.batchSize) = (inputSize, batchSize)
        let channels = try values.channels()
        let state = try TrainingState(job)
        func random(_ count: Int) throws -> ImageBatches {
            let generator = try Generator(seed: 1)
            let pixels = try Tensor.zeros([count, channels, inputSize, inputSize])
            try pixels.fillUniform(0...255, generator: generator)
            return ImageBatches(try pixels.to(.byte))
        }

        let trainer = Trainer(state: state, images: try random(6 * batchSize), batchSize: batchSize)
        let step = try seconds { _ = try trainer.advance() }
        let steps = max(2, min(60, Int(Self.aim / step)))
        let training = try seconds { for _ in 0..<steps { _ = try trainer.advance() } }
        let few = try random(8)
        let image = try seconds { _ = try Scoring(state.method, images: few, seed: 0, keepingMaps: false) } / 8
        let images = max(16, min(1024, Int(Self.aim / image)))
        let test = try random(images)
        let scoring = try seconds { _ = try Scoring(state.method, images: test, seed: 0, keepingMaps: false) }
        ours = Speeds(training: Double(steps * batchSize) / training, scoring: Double(images) / scoring)

        var options = settings
        options["channels"] = .integer(channels)
        options["noise_foreground"] = options["noise_foreground"] ?? "none"
        let manifest = folder.appending(path: "\(method).json")
        try JSONEncoder().encode(
            Manifest(
                method: method, options: options, threads: threads, batch_size: batchSize, steps: steps, images: images,
                learning_rate: try values.number("learning_rate"))
        ).write(to: manifest)
        theirs = try JSONDecoder().decode(Speeds.self, from: python.run("bench_methods.py", [manifest.path]))
    }
}

private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start) / .seconds(1)
}
