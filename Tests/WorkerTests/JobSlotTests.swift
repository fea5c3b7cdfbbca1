import AnomalyDetection
import Catalogue
import Client
import DurableFiles
import Foundation
import Logging
import Sweep
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Worker

/// One lease against a coordinator that a test scripts, with a shell script in the training program's place.
@Suite struct JobSlotTests {
    private static let acknowledged = #"{"state":"pending","recorded":true}"#
    private let folder = URL.temporaryDirectory.appending(path: "medsweep-slot-\(UUID().uuidString)")

    private static func answers(
        heartbeat: String = "continue", put: (status: Int, seconds: Double) = (200, 0), result: Int = 200
    ) -> @Sendable (AnsweringServer.Request) -> AnsweringServer.Answer {
        { request in
            if request.path.hasSuffix("heartbeat") { return .init(#"{"action":"\#(heartbeat)"}"#) }
            if request.method == "PUT" {
                Thread.sleep(forTimeInterval: put.seconds)
                return .init("{}", status: put.status)
            }
            return .init(acknowledged, status: request.path.hasSuffix("result") ? result : 200)
        }
    }

    private func context(_ coordinator: AnsweringServer, script: String, patience: Double = 1) throws -> WorkerContext {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let program = folder.appending(path: "train")
        try Data("#!/bin/sh\nread request\n\(script)\n".utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return WorkerContext(
            description: WorkerDescription(name: "w", host: "h", device: "cpu", memory: 1, datasets: ["d": "f"], methods: ["ae"], engine: "e"),
            client: CoordinatorClient(url: coordinator.url, patience: patience),
            heartbeatClient: CoordinatorClient(url: coordinator.url, patience: 0),
            datasets: ["d": .init(folder: folder, fingerprint: "f")], weights: PretrainedWeights(), cacheDirectory: folder.appending(path: "cache"),
            workFolder: folder.appending(path: "work"), spool: try Spool(folder.appending(path: "spool")), executable: program,
            logger: logger)
    }

    private let lease = Lease(
        identity: String(repeating: "a", count: 64),
        job: JobDescription(method: "ae", configuration: [:], dataset: "d", fingerprint: "f", seed: 0), token: 1, attempt: 1,
        duration: 2, heartbeat: 0.1, checkpoint: nil, checkpointInterval: .epochs(1))

    private func line(_ message: ChildMessage) throws -> String {
        "echo '\(String(decoding: try JSONEncoder().encode(message), as: UTF8.self))'"
    }

    /// A checkpoint of any content, and its message.
    private func checkpoint() throws -> String {
        let file = folder.appending(path: "checkpoint-1")
        return "echo content > '\(file.path)'; " + (try line(.event(.checkpoint(file: file, epoch: 1))))
    }

    private func failure(_ request: AnsweringServer.Request?) throws -> FailureRequest {
        try WireCoding.decode(from: try #require(request).body)
    }

    /// The news of a crash waits for nothing, not even for an upload that hangs.
    @Test func crashesAreToldAtOnce() async throws {
        let coordinator = AnsweringServer(Self.answers(put: (200, 60)))
        let slot = JobSlot(lease, worker: try context(coordinator, script: try checkpoint() + "\nsleep 0.3\nkill -SEGV $$"))
        let run = Task { await slot.run() }
        let start = Date()
        let request = await coordinator.request("failure", seconds: 30)
        let told = try failure(request)
        #expect(told.kind == .crash && told.signal == 11)
        await run.value
        #expect(Date().timeIntervalSince(start) < 45)
        #expect(coordinator.requests.contains { $0.method == "PUT" })
        try FileManager.default.removeItem(at: folder)
    }

    /// Two jobs side by side: neither's end is hidden by the other that still runs.
    @Test func crashesAreToldWhileOthersRun() async throws {
        let coordinator = AnsweringServer(Self.answers())
        var other = lease
        other.identity = String(repeating: "b", count: 64)
        let script = "case \"$request\" in *\\\"seed\\\":7*) exec sleep 60;; *) sleep 0.5; kill -ABRT $$;; esac"
        let worker = try context(coordinator, script: script)
        other.job.seed = 7
        let slots = [JobSlot(lease, worker: worker), JobSlot(other, worker: worker)]
        let runs = slots.map { slot in Task { await slot.run() } }
        _ = try #require(await coordinator.request("\(lease.identity)/failure", seconds: 30))
        slots[1].abandon()
        for run in runs { await run.value }
        try FileManager.default.removeItem(at: folder)
    }

    @Test(arguments: FailureKind.allCases) func kindsComeThrough(_ kind: FailureKind) async throws {
        let coordinator = AnsweringServer(Self.answers())
        let slot = JobSlot(lease, worker: try context(coordinator, script: try line(.error("why", kind: kind)) + "\nexit 1"))
        await slot.run()
        let told = try failure(await coordinator.request("failure"))
        #expect(told.kind == kind && told.error == "why" && told.signal == nil)
        try FileManager.default.removeItem(at: folder)
    }

    @Test func errorsHaveTheirKinds() {
        #expect(FailureKind(of: TrainingError("x", isDivergence: true)) == .divergence)
        #expect(FailureKind(of: TrainingError("x")) == .error)
        #expect(FailureKind(of: FileError("write", "x", code: ENOSPC)) == .storage)
        #expect(FailureKind(of: FileError("write", "x", code: EDQUOT)) == .storage)
        #expect(FailureKind(of: FileError("write", "x", code: EACCES)) == .error)
        #expect(FailureKind(of: CocoaError(.fileWriteOutOfSpace)) == .storage)
        #expect(FailureKind(of: POSIXError(.ENOSPC)) == .storage)
        #expect(FailureKind(of: ClientError.diskFull("x")) == .storage)
        #expect(FailureKind(of: ClientError.file("x")) == .error)
    }

    /// A real full disk, as the system tells of it.
    @Test func fullDisksAreRecognised() throws {
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let error = #expect(throws: (any Error).self) { try full.write(contentsOf: Data("x".utf8)) }
        #expect(error.map { FailureKind(of: $0) } == .storage, "\(error.map { "\($0)" } ?? "")")
    }

    /// A job that is held writes a checkpoint, which arrives before the lease is handed back.
    @Test func heldJobsAreHandedBackWithACheckpoint() async throws {
        let coordinator = AnsweringServer(Self.answers(heartbeat: "drain", put: (200, 0.5)))
        let stopped = try checkpoint() + "; " + line(.outcome(.stopped(epoch: 1), peakMemory: 1)) + "; exit 0"
        let file = folder.appending(path: "stop")
        let worker = try context(coordinator, script: "read line\ntest \"$line\" = stop && . '\(file.path)'")
        try Data(stopped.utf8).write(to: file)
        await JobSlot(lease, worker: worker).run()
        let told = coordinator.requests.filter { !$0.path.hasSuffix("heartbeat") }.map { $0.path.split(separator: "/").dropFirst().first == "artefacts" ? "put" : $0.path.split(separator: "/").last ?? "" }
        #expect(told == ["put", "checkpoint", "release"])
        try FileManager.default.removeItem(at: folder)
    }

    /// A worker that leaves and whose patience is at an end blames nobody.
    @Test func abandonedJobsAreHandedBack() async throws {
        let coordinator = AnsweringServer(Self.answers())
        let slot = JobSlot(lease, worker: try context(coordinator, script: "while :; do sleep 0.05; done"))
        let run = Task { await slot.run() }
        _ = await coordinator.request("heartbeat")
        try await Task.sleep(for: .milliseconds(200))
        slot.leave()
        try await Task.sleep(for: .milliseconds(300))
        slot.abandon()
        await run.value
        #expect(coordinator.requests.contains { $0.path.hasSuffix("release") })
        #expect(!coordinator.requests.contains { $0.path.hasSuffix("failure") })
        try FileManager.default.removeItem(at: folder)
    }

    /// A failure that finds the coordinator's door shut is told again for as long as the lease would have lasted.
    @Test func failuresAreToldUntilTheLeaseIsOver() async throws {
        let failures = Mutex(0)
        let coordinator = AnsweringServer { request in
            if request.path.hasSuffix("heartbeat") { return .init(#"{"action":"continue"}"#) }
            return .init(Self.acknowledged, status: failures.withLock { $0 += 1; return $0 } < 4 ? 503 : 200)
        }
        var long = lease
        long.duration = 60
        await JobSlot(long, worker: try context(coordinator, script: "exit 3", patience: 0)).run()
        #expect(coordinator.requests.filter { $0.path.hasSuffix("failure") }.count == 4)
        try FileManager.default.removeItem(at: folder)
    }

    /// What a coordinator has no room for stays here until it has.
    @Test(arguments: [(507, 200), (200, 507), (401, 200), (503, 200)]) func resultsWaitForRoom(_ put: Int, _ post: Int) async throws {
        let coordinator = AnsweringServer(Self.answers(put: (put, 0), result: post))
        let file = folder.appending(path: "scores.json")
        let message = ChildMessage.outcome(
            .finished(TrainingResult(metrics: ["auc": 0.5], losses: [1], artefacts: ["scores.json": file], trainingSeconds: 1)), peakMemory: 1)
        let worker = try context(coordinator, script: "echo scores > '\(file.path)'; " + (try line(message)), patience: 0)
        await JobSlot(lease, worker: worker).run()
        #expect(worker.spool.waiting().count == 1)
        // Later there is room.
        let roomy = AnsweringServer(Self.answers())
        let later = try context(roomy, script: "")
        #expect(await later.deliver(worker.spool.waiting()[0]))
        #expect(worker.spool.waiting().isEmpty && roomy.requests.map(\.method) == ["PUT", "POST"])
        try FileManager.default.removeItem(at: folder)
    }

    /// The cores are free for another job as soon as a result is safe on disk, while its files are still on their way.
    @Test func deliveriesTakeNoCores() async throws {
        let coordinator = AnsweringServer(Self.answers(put: (200, 2)))
        let file = folder.appending(path: "scores.json")
        let message = ChildMessage.outcome(
            .finished(TrainingResult(metrics: ["auc": 0.5], losses: [1], artefacts: ["scores.json": file], trainingSeconds: 1)), peakMemory: 1)
        let worker = try context(coordinator, script: "echo scores > '\(file.path)'; " + (try line(message)))
        let (freed, trained) = AsyncStream.makeStream(of: Int.self)
        let slot = JobSlot(lease, worker: worker) { trained.yield(worker.spool.waiting().count) }
        #expect(slot.slots == 1)
        let run = Task { await slot.run() }
        // What lies in the spool at that moment.
        #expect(await freed.first { _ in true } == 1)
        #expect(slot.slots == 0 && !coordinator.requests.contains { $0.path.hasSuffix("result") })
        await run.value
        #expect(coordinator.requests.contains { $0.path.hasSuffix("result") } && worker.spool.waiting().isEmpty)
        try FileManager.default.removeItem(at: folder)
    }

    @Test func refusedResultsAreSetAside() async throws {
        let coordinator = AnsweringServer(Self.answers(result: 422))
        let message = ChildMessage.outcome(
            .finished(TrainingResult(metrics: [:], losses: [], artefacts: [:], trainingSeconds: 1)), peakMemory: 1)
        let worker = try context(coordinator, script: try line(message), patience: 0)
        await JobSlot(lease, worker: worker).run()
        #expect(worker.spool.waiting().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: worker.spool.folder.path).contains { $0.hasPrefix("refused-") })
        try FileManager.default.removeItem(at: folder)
    }

    @Test func weightsAreKnownByTheirNames() throws {
        try FileManager.default.createDirectory(at: folder.appending(path: "folder"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // The empty file is not ResNet-18: such weights are not offered.
        for name in ["resnet18.pth", "vit.b16.pt", ".hidden.pt", "plain"] { try Data().write(to: folder.appending(path: name)) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        #expect(try WorkerDaemon.weights(in: folder, logger).keys.sorted() == ["plain", "vit.b16"])
        let error = #expect(throws: WorkerError.self) { try WorkerDaemon.weights(in: folder.appending(path: "absent"), logger) }
        #expect(error?.kind == .noWeights && error?.description.contains("absent") == true)
    }
}
