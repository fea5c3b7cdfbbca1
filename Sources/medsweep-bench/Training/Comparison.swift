import AnomalyDetection
import Catalogue
import Datasets
import Foundation
import Torch

/// One method trained by us and by PyTorch on the same data, initial weights and batches.
struct Comparison {
    let method: String
    let threads: Int
    /// The folder that the PyTorch scripts read and write.
    let folder: URL
    private let job: JobDescription
    private let train: PixelBlock
    private let test: PixelBlock
    private let labels: [Bool]
    private let batchSize = 64

    init(method: String, threads: Int, dataFolder: URL, folder: URL) throws {
        self.method = method
        self.threads = threads
        self.folder = folder
        let images = try ImageFolder.open(dataFolder, name: dataFolder.lastPathComponent)
        let fingerprint = try images.fingerprint()
        guard let description = Catalogue.method(method) else { throw BenchError("there is no method '\(method)'") }
        let dataset = Catalogue.dataset(images.name) ?? .custom(images.name)
        let configuration = description.resolve([:], for: dataset)
        job = JobDescription(
            method: method, configuration: configuration, dataset: images.name, fingerprint: fingerprint, seed: 0)
        func load(_ split: PixelSplit) throws -> PixelBlock {
            try PixelCache.load(
                folder: images, fingerprint: fingerprint, split: split, channels: 1, size: 64,
                cacheDirectory: folder.deletingLastPathComponent().appending(path: "cache"))
        }
        train = try load(.train)
        test = try load(.test)
        labels = images.test.map(\.isAbnormal)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// What the scripts read beside the tensors.
    private struct Manifest: Codable {
        var method: String
        var latent_size = 16
        var hidden_size = 1024
        var width = 1
        var depth = 1
        var input_size = 64
        var channels = 1
        var learning_rate = 1e-3
        var threads: Int
        var steps: Int
        var parameters: [String]
        var batches: [[Int64]]
    }

    /// The batches of `steps` steps: whole batches of an epoch's order, so that no step is unlike the others.
    private func batches(steps: Int) throws -> [[Int64]] {
        let generator = try Generator(seed: 1)
        var result: [[Int64]] = []
        while result.count < steps {
            let order = try Tensor.randomPermutation(train.count, generator: generator).elements(Int64.self)
            for range in Trainer.batches(count: order.count, size: batchSize) where range.count == batchSize {
                if result.count < steps { result.append(Array(order[range])) }
            }
        }
        return result
    }

    /// Writes the folder and returns a fresh state with the weights that are in it.
    private func prepare(batches: [[Int64]], steps: Int) throws -> TrainingState {
        let state = try TrainingState(
            job, data: DataShape(count: train.count, channels: train.channels, side: train.width))
        let parameters = state.model.network.namedParameters
        try Safetensors(parameters).encoded().write(to: folder.appending(path: "initial.safetensors"))
        func bytes(_ block: PixelBlock) throws -> Tensor {
            try Tensor(
                block.withUnsafeBytes { Array($0) }, shape: [block.count, block.channels, block.height, block.width])
        }
        try Safetensors([
            ("train", bytes(train)), ("test", bytes(test)), ("labels", Tensor(labels.map { Int64($0 ? 1 : 0) })),
        ]).encoded().write(to: folder.appending(path: "data.safetensors"))
        let manifest = Manifest(
            method: method, threads: threads, steps: steps, parameters: parameters.map(\.name), batches: batches)
        try JSONEncoder().encode(manifest).write(to: folder.appending(path: "manifest.json"))
        return state
    }

    /// Steps of the method's only stage on images that are named: the loss of each.
    private static func step(_ state: TrainingState, images: ImageBatches) throws -> ([Int64]) throws -> Tensor {
        guard case .gradient(let stage) = state.stages.first else { throw BenchError("'\(state.job.method)' is not trained by steps") }
        let trainer = Trainer(state: state, images: images)
        let optimisers = try stage.makeOptimisers()
        return { try trainer.step(stage, optimisers: optimisers, batch: trainer.batch(Tensor($0))) }
    }

    // MARK: Agreement

    /// What `parity.py` writes.
    private struct PyTorchRun: Decodable {
        let losses: [Double]
        let auc: Double
        let ap: Double
    }

    /// Trains `steps` steps on either side and returns both loss curves and both AUCs.
    func agreement(steps: Int, python: Python) throws -> Agreement {
        LibTorch.threads = threads
        let batches = try batches(steps: steps)
        let state = try prepare(batches: batches, steps: steps)
        let step = try Self.step(state, images: ImageBatches(train))
        let losses = try batches.map { try step($0).item() }
        let scoring = try Scoring(state, images: ImageBatches(test), keepsMaps: false).all()
        let auc = try RankingMetrics(scores: scoring.scores, labels: labels).auc
        try python.run("parity.py", [folder.path])
        let theirs = try JSONDecoder().decode(
            PyTorchRun.self, from: Data(contentsOf: folder.appending(path: "pytorch.json")))
        return Agreement(ours: losses, theirs: theirs.losses, auc: auc, theirAUC: theirs.auc)
    }

    // MARK: Speed

    /// Images a second of ours over `steps` steps, after three to warm up.
    func speed(steps: Int) throws -> Double {
        LibTorch.threads = threads
        let batches = try batches(steps: steps)
        let state = try prepare(batches: batches, steps: steps)
        let step = try Self.step(state, images: ImageBatches(train))
        for batch in batches.prefix(3) { _ = try step(batch).item() }
        let start = ContinuousClock.now
        for batch in batches { _ = try step(batch).item() }
        return Double(steps * batchSize) / ((ContinuousClock.now - start) / .seconds(1))
    }

    private struct PyTorchSpeed: Decodable { let images_per_second: Double }

    /// Images a second of PyTorch on what ``speed(steps:)`` has written.
    func theirSpeed(python: Python) throws -> Double {
        let output = try python.run("bench.py", [folder.path, "--threads", String(threads)])
        return try JSONDecoder().decode(PyTorchSpeed.self, from: output).images_per_second
    }
}
