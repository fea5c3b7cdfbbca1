import Catalogue
import Foundation
import Sweep
import Wire

@testable import Coordinator

extension EngineClass.Platform {
    static let processor = EngineClass.Platform(device: "cpu", libtorch: "2.13.0", kernels: "avx512+mkl+onednn")
    static let graphics = EngineClass.Platform(device: "cuda NVIDIA H200", libtorch: "2.13.0", kernels: "cuda 12.8, cudnn 9.1")
}

extension EngineClass {
    static let processor = EngineClass(platform: .processor, precision: .float32, threads: 1)
    static let graphics = EngineClass(platform: .graphics, precision: .float32, threads: 1)
}

extension WorkerDescription {
    /// A worker with room for whatever a test asks for.
    static func sample(
        _ name: String = "w", datasets: [String: String] = ["brain": "f"], threads: Int = 4096, memory: Int64 = 64 << 40,
        gpus: [Int64] = [], methods: [String] = Catalogue.methods.map(\.name), weights: [String] = [], tags: [String] = []
    ) -> WorkerDescription {
        WorkerDescription(
            name: name, host: "h", resources: WorkerResources(threads: threads, memory: memory, gpus: gpus),
            platform: gpus.isEmpty ? .processor : .graphics, datasets: datasets.mapValues { DatasetContent(fingerprint: $0) },
            methods: methods, weights: weights, tags: tags)
    }
}

extension LeaseRequest {
    /// A worker that does nothing asks.
    static func sample(_ worker: WorkerDescription = .sample(), limit: Int = 1, wait: Double = 0, holding: [String]? = nil) -> LeaseRequest {
        LeaseRequest(worker: worker, free: worker.resources, limit: limit, wait: wait, holding: holding)
    }
}

extension JobProgress {
    /// After some of six passes over ten images.
    static func sample(epoch: Int, of epochs: Int = 6) -> JobProgress {
        JobProgress(
            stage: "training", unit: "images", done: 10 * epoch, total: 10 * epochs, work: 10 * epoch,
            share: Double(epoch) / Double(epochs), epoch: epoch, epochs: epochs, loss: 0.5, speed: 10)
    }
}

extension JobResult {
    static func sample(
        _ auc: Double = 0.5, losses: [Double] = [1], artefacts: [Artefact] = [], engine: EngineClass = .processor, notes: [String] = []
    ) -> JobResult {
        JobResult(
            metrics: ["auc": auc], losses: losses, artefacts: artefacts, trainingSeconds: 1, wallSeconds: 2, peakMemory: 1, worker: "w",
            host: "h", engine: engine, notes: notes)
    }
}

extension JobRecord.Checkpoint {
    init(sha256: String, work: Int) { self.init(sha256: sha256, work: work, engine: .processor) }
}

extension JobStore {
    /// Gives jobs to a worker that does nothing yet.
    func lease(
        to worker: WorkerDescription, limit: Int, holding: [String]? = nil, now: Double, duration: Double
    ) async throws -> (jobs: [LeasedJob], isMoreLeft: Bool) {
        try await lease(to: worker, free: worker.resources, limit: limit, holding: holding, now: now, duration: duration)
    }
}
