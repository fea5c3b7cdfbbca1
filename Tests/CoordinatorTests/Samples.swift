import Catalogue
import Crypto
import Foundation
import Sweep
import Synchronization
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
            name: name, instance: .instance(name), host: "h", resources: WorkerResources(threads: threads, memory: memory, gpus: gpus),
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

extension String {
    /// What a worker of tests is known by.
    static func instance(_ name: String) -> String { String(SHA256.hash(data: Data(name.utf8)).hexadecimal.prefix(32)) }
}

/// As the store takes them, whose door has looked at the seal.
extension LeaseToken: ExpressibleByIntegerLiteral {
    public init(integerLiteral number: Int64) { self.init(number: number) }
}

/// A clock that shows what it is told.
final class ManualClock: StoreClock {
    private let time = Mutex(0.0)
    func now() -> Double { time.withLock { $0 } }
    func set(_ seconds: Double) { time.withLock { $0 = seconds } }
}

/// What a store with a ``ManualClock`` is asked at a time.
extension JobStore {
    private func at(_ now: Double) { (database.localClock as! ManualClock).set(now) }

    func submit(_ sweep: SweepFile, _ request: SubmitRequest, now: Double) async throws -> SubmitResponse {
        at(now)
        return try await submit(sweep, request)
    }
    func lease(
        to worker: WorkerDescription, free: WorkerResources? = nil, limit: Int, holding: [String]? = nil, now: Double, duration: Double
    ) async throws -> (jobs: [LeasedJob], isMoreLeft: Bool) {
        at(now)
        return try await lease(to: worker, free: free ?? worker.resources, limit: limit, holding: holding, duration: duration)
    }
    func heartbeat(_ identity: String, _ request: HeartbeatRequest, now: Double, duration: Double) async throws -> LeaseRules.Action {
        at(now)
        return try await heartbeat(identity, request, duration: duration)
    }
    func checkpoint(_ identity: String, _ request: CheckpointRequest, now: Double) async throws -> (Acknowledgement, unneeded: String?) {
        at(now)
        return try await checkpoint(identity, request)
    }
    func complete(_ identity: String, _ request: ResultRequest, now: Double) async throws -> (Acknowledgement, unneeded: String?) {
        at(now)
        return try await complete(identity, request)
    }
    func fail(_ identity: String, _ request: FailureRequest, now: Double) async throws -> Acknowledgement {
        at(now)
        return try await fail(identity, request)
    }
    func release(_ identity: String, _ request: ReleaseRequest, now: Double) async throws -> Acknowledgement {
        at(now)
        return try await release(identity, request)
    }
    func expire(now: Double) async throws {
        at(now)
        try await expire()
    }
    func explain(_ identity: String, now: Double) async throws -> Explanation {
        at(now)
        return try await explain(identity)
    }
    func figures(now: Double) async throws -> StoreFigures {
        at(now)
        return try await figures()
    }
    func sweep(_ name: String, now: Double) async throws -> SweepStatus {
        at(now)
        return try await sweep(name)
    }
    func control(job: String, _ request: ControlRequest, now: Double) async throws -> ControlResponse {
        at(now)
        return try await control(job: job, request)
    }
    func control(worker: String, _ request: ControlRequest, now: Double) async throws -> ControlResponse {
        at(now)
        return try await control(worker: worker, request)
    }
    func control(sweep: String, _ request: ControlRequest, now: Double) async throws -> ControlResponse {
        at(now)
        return try await control(sweep: sweep, request)
    }
    func adoptLeases(duration: Double, now: Double) async throws {
        at(now)
        try await adoptLeases(duration: duration)
    }
}
