import AnomalyDetection
import Catalogue
import Client
import Crypto
import DurableFiles
import Foundation
import Host
import Imaging
import Logging
import Sweep
import Synchronization
import TestSupport
import Testing
import Torch
import Wire

@testable import Worker

/// One lease against a coordinator that a test scripts, with a shell script in the training program's place.
@Suite struct LeasedJobTests {
    private static let acknowledged = #"{"state":"pending","recorded":true}"#
    private let folder = URL.temporaryDirectory.appending(path: "medsweep-job-\(UUID().uuidString)")

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

    private var spool: URL { folder.appending(path: "spool") }

    private func job(_ lease: Lease, at place: WorkerResources.Place = .cpu, worker: WorkerContext, whenTrained: @escaping @Sendable () -> Void = {}) -> LeasedJob {
        LeasedJob(lease, of: "c", at: place, worker: worker, whenTrained: whenTrained)
    }

    private func context(_ coordinator: AnsweringServer, script: String, patience: Double = 1, gpus: [Int] = []) throws -> WorkerContext {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let program = folder.appending(path: "train")
        try Data("#!/bin/sh\nread request\n\(script)\n".utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return WorkerContext(
            description: WorkerDescription(
                name: "w", instance: WorkerInstance.make(), host: "h", resources: WorkerResources(threads: 2, memory: 1 << 30), platform: EngineClass.sample.platform,
                datasets: ["d": DatasetContent(fingerprint: "f")], methods: ["ae"]),
            gpus: gpus.map { EngineReport.GPU(number: $0, name: "g", memory: 1) }, environment: TrainingEnvironment(),
            client: CoordinatorClient(url: coordinator.url, patience: patience),
            heartbeatClient: CoordinatorClient(url: coordinator.url, patience: 0),
            datasets: ["d": .init(folder: folder, content: DatasetContent(fingerprint: "f"))], weights: PretrainedWeights(),
            folders: try WorkerFolders(cache: folder.appending(path: "cache"), spool: spool, environment: ["TMPDIR": folder.path]),
            coordinator: KnownCoordinator("c"), executable: program, logger: logger)
    }

    private let lease = Lease(
        identity: String(repeating: "a", count: 64),
        job: JobDescription(method: "ae", configuration: [:], dataset: "d", fingerprint: "f", seed: 0), token: LeaseToken(number: 1, seal: "s"),
        resources: JobResources(threads: 1, memory: 1 << 20, gpuMemory: 0), attempt: 1, duration: 2, heartbeat: 0.1, checkpoint: nil, checkpointInterval: .epochs(1))

    private func line(_ message: ChildMessage) throws -> String {
        "echo '\(String(decoding: try JSONEncoder().encode(message), as: UTF8.self))'"
    }

    /// A checkpoint of any content, and its message.
    private func checkpoint() throws -> String {
        let file = folder.appending(path: "checkpoint-1")
        return "echo content > '\(file.path)'; " + (try line(.event(.checkpoint(file: file, work: 1))))
    }

    private func failure(_ request: AnsweringServer.Request?) throws -> FailureRequest {
        try WireCoding.decode(from: try #require(request).body)
    }

    /// The news of a crash waits for nothing, not even for an upload that hangs.
    @Test func crashesAreToldAtOnce() async throws {
        let coordinator = AnsweringServer(Self.answers(put: (200, 60)))
        let job = job(lease, worker: try context(coordinator, script: try checkpoint() + "\nsleep 0.3\nkill -SEGV $$"))
        let run = Task { await job.run() }
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
        let jobs = [job(lease, worker: worker), job(other, worker: worker)]
        let runs = jobs.map { job in Task { await job.run() } }
        _ = try #require(await coordinator.request("\(lease.identity)/failure", seconds: 30))
        jobs[1].abandon()
        for run in runs { await run.value }
        try FileManager.default.removeItem(at: folder)
    }

    @Test(arguments: FailureKind.allCases) func kindsComeThrough(_ kind: FailureKind) async throws {
        let coordinator = AnsweringServer(Self.answers())
        let job = job(lease, worker: try context(coordinator, script: try line(.error("why", kind: kind)) + "\nexit 1"))
        await job.run()
        let told = try failure(await coordinator.request("failure"))
        #expect(told.kind == kind && told.error == "why" && told.signal == nil)
        try FileManager.default.removeItem(at: folder)
    }

    @Test func errorsHaveTheirKinds() {
        #expect(FailureKind(of: TrainingError("x", kind: .divergence)) == .divergence)
        #expect(FailureKind(of: TrainingError("x", kind: .outOfMemory)) == .outOfMemory)
        #expect(FailureKind(of: TrainingError("x")) == .error && FailureKind(of: TorchError("x")) == .error)
        let exhausted = TorchError("CUDA out of memory. Tried to allocate 2.00 GiB", isOutOfMemory: true)
        #expect(exhausted.isOutOfMemory && FailureKind(of: exhausted) == .outOfMemory)
        // Whoever has the same bytes fails alike; a disk that cannot be read may be another's fault.
        #expect(FailureKind(of: ImagingError("x is a DICOM file")) == .data)
        #expect(FailureKind(of: ImagingError("cannot read x", kind: .access)) == .error)
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
        let stopped = try checkpoint() + "; " + line(.outcome(.stopped(work: 1), peakMemory: 1)) + "; exit 0"
        let file = folder.appending(path: "stop")
        let worker = try context(coordinator, script: "read line\ntest \"$line\" = leave && . '\(file.path)'")
        try Data(stopped.utf8).write(to: file)
        await job(lease, worker: worker).run()
        let told = coordinator.requests.filter { !$0.path.hasSuffix("heartbeat") }.map { $0.path.split(separator: "/").dropFirst().first == "artefacts" ? "put" : $0.path.split(separator: "/").last ?? "" }
        #expect(told == ["put", "checkpoint", "release"])
        try FileManager.default.removeItem(at: folder)
    }

    /// The request that a training process is handed.
    private func request(of job: LeasedJob) async throws -> TrainingRequest {
        await job.run()
        return try JSONDecoder().decode(TrainingRequest.self, from: Data(contentsOf: folder.appending(path: "given")))
    }

    /// What the lease asks for and where it was placed is what the process is told.
    @Test func jobsTrainWhereTheyArePlaced() async throws {
        let coordinator = AnsweringServer(Self.answers())
        var wide = lease
        wide.resources.threads = 3
        let script = "echo \"$request\" > '\(folder.path)/given'; echo $OMP_NUM_THREADS > '\(folder.path)/threads'; exit 3"
        let worker = try context(coordinator, script: script, gpus: [2, 5])
        let onGPU = try await request(of: job(wide, at: .gpu(1), worker: worker))
        #expect(onGPU.device == "cuda:5" && onGPU.threads == 3)
        #expect(try String(contentsOf: folder.appending(path: "threads"), encoding: .utf8) == "3\n")
        #expect(try await request(of: job(wide, worker: worker)).device == "cpu")
        try FileManager.default.removeItem(at: folder)
    }

    /// Checkpoints and results say where they come from, and results that they do not come from one class alone.
    @Test(arguments: [true, false]) func engineClassesAreTold(isSame: Bool) async throws {
        let coordinator = AnsweringServer { request in
            request.method == "GET" ? .init("old", status: 200) : Self.answers()(request)
        }
        let here = EngineClass(platform: EngineClass.sample.platform, precision: .bfloat16, threads: 1)
        var resumed = lease
        resumed.checkpoint = .init(sha256: try Self.digest("old", in: folder), work: 1, engine: isSame ? here : .sample)
        let result = TrainingResult(metrics: [:], losses: [], artefacts: [:], trainingSeconds: 1)
        let script = [
            try line(.event(.began(engine: here))), try checkpoint(), untilTold, try line(.event(.remark("remarkable"))),
            try line(.event(.remark("remarkable"))), try line(.outcome(.finished(result), peakMemory: 1)),
        ].joined(separator: "\n")
        let job = job(resumed, worker: try context(coordinator, script: script))
        let run = Task { await job.run() }
        let told: CheckpointRequest = try WireCoding.decode(from: try #require(await coordinator.request("checkpoint", seconds: 30)).body)
        try goOn()
        await run.value
        #expect(told.checkpoint.engine == here && told.checkpoint.work == 1)
        let given: ResultRequest = try WireCoding.decode(from: try #require(await coordinator.request("result")).body)
        #expect(given.result.engine == here)
        let sentence = "went on from a checkpoint of cpu, libtorch 2.13.0, avx2, float32, 2 threads; its last digits are not those of one class"
        #expect(given.result.notes == (isSame ? [] : [sentence]) + ["remarkable"])
        try FileManager.default.removeItem(at: folder)
    }

    /// Waits, in a script, for ``goOn()``.
    private var untilTold: String { "while [ ! -e '\(folder.path)/go' ]; do sleep 0.05; done" }

    private func goOn() throws { try Data().write(to: folder.appending(path: "go")) }

    private static func digest(_ text: String, in folder: URL) throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "digested")
        try Data(text.utf8).write(to: file)
        return try FileDigest.sha256(of: file)
    }

    /// A pass's loss is a point of the curve once, however often it is told.
    @Test func passesAreOnePointEach() async throws {
        let coordinator = AnsweringServer(Self.answers())
        let news = [(1, 1), (1, 2), (2, 3), (2, 4), (3, 5)].map { epoch, work in
            JobProgress(
                stage: "training", unit: "images", done: work, total: 9, work: work, share: 0.1, epoch: epoch, epochs: 3, loss: Double(epoch))
        } + [JobProgress(stage: "memory bank", unit: "picks", done: 1, total: 9, work: 6, share: 0.2)]
        let script = try news.map { try line(.event(.progress($0))) }.joined(separator: "\n") + "\n\(untilTold)\nexit 3"
        let job = job(lease, worker: try context(coordinator, script: script))
        let run = Task { await job.run() }
        func heartbeats() throws -> [HeartbeatRequest] {
            try coordinator.requests.filter { $0.path.hasSuffix("heartbeat") }.map { try WireCoding.decode(from: $0.body) }
        }
        func isTold(_ told: [HeartbeatRequest]) -> Bool {
            told.last?.progress?.stage == "memory bank" && told.reduce(0) { $0 + ($1.curve?.count ?? 0) } >= 3
        }
        for _ in 0..<600 where try !isTold(heartbeats()) { try await Task.sleep(for: .milliseconds(50)) }
        try goOn()
        await run.value
        let told = try heartbeats()
        #expect(told.flatMap { $0.curve ?? [] } == [CurvePoint(work: 1, loss: 1), CurvePoint(work: 3, loss: 2), CurvePoint(work: 5, loss: 3)])
        #expect(told.last?.progress?.stage == "memory bank")
        try FileManager.default.removeItem(at: folder)
    }

    /// A worker that leaves and whose patience is at an end blames nobody.
    @Test func abandonedJobsAreHandedBack() async throws {
        let coordinator = AnsweringServer(Self.answers())
        let job = job(lease, worker: try context(coordinator, script: "while :; do sleep 0.05; done"))
        let run = Task { await job.run() }
        _ = await coordinator.request("heartbeat")
        try await Task.sleep(for: .milliseconds(200))
        job.leave()
        try await Task.sleep(for: .milliseconds(300))
        job.abandon()
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
            return failures.withLock { $0 += 1; return $0 } < 4 ? .problem(503, "away") : .init(Self.acknowledged)
        }
        var long = lease
        long.duration = 60
        await job(long, worker: try context(coordinator, script: "exit 3", patience: 0)).run()
        #expect(coordinator.requests.filter { $0.path.hasSuffix("failure") }.count == 4)
        try FileManager.default.removeItem(at: folder)
    }

    /// A script that ends well, with one file.
    private func success(_ file: String = "scores.json") throws -> String {
        let place = folder.appending(path: file)
        let result = TrainingResult(metrics: ["auc": 0.5], losses: [1], artefacts: [file: place], trainingSeconds: 1)
        return "echo scores > '\(place.path)'; " + (try line(.outcome(.finished(result), peakMemory: 1)))
    }

    /// What a coordinator, or something before it, does not take now stays here until it does; and nobody else is given the job meanwhile,
    /// since the heartbeats go on.
    @Test(arguments: [(507, 200), (200, 507), (401, 200), (503, 200), (413, 200), (200, 413), (502, 200), (200, 404)])
    func resultsWait(_ put: Int, _ post: Int) async throws {
        let isOpen = Mutex(false)
        let beats = Mutex(0)
        let coordinator = AnsweringServer { request in
            if request.path.hasSuffix("heartbeat") { beats.withLock { $0 += 1 } }
            guard !isOpen.withLock({ $0 }) else { return Self.answers()(request) }
            let isPut = request.method == "PUT"
            let status = isPut ? put : request.path.hasSuffix("result") ? post : 200
            // 413, 502 and 404 are pages of a proxy; the others are the coordinator's own words.
            if [507, 401, 503].contains(status) { return .problem(status, "no") }
            return status == 200 ? Self.answers()(request) : .init("<html>", status: status)
        }
        let worker = try context(coordinator, script: try success(), patience: 0)
        let run = Task { await job(lease, worker: worker).run() }
        _ = await coordinator.request(put == 200 ? "result" : worker.spoolDigest("scores\n"), seconds: 30)
        let before = beats.withLock { $0 }
        while beats.withLock({ $0 }) < before + 3 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(worker.spool.waiting.count == 1)
        isOpen.withLock { $0 = true }
        await run.value
        #expect(worker.spool.waiting.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: spool.path).allSatisfy { !$0.hasPrefix("refused-") })
        try FileManager.default.removeItem(at: folder)
    }

    /// A worker that leaves leaves its result to the next one on the same spool.
    @Test func whatIsLeftIsDeliveredByTheNext() async throws {
        let away = AnsweringServer { $0.path.hasSuffix("heartbeat") ? .init(#"{"action":"continue"}"#) : .problem(503, "away") }
        func first() async throws {
            let worker = try context(away, script: try success(), patience: 0)
            let leaving = job(lease, worker: worker)
            let run = Task { await leaving.run() }
            while worker.spool.waiting.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            #expect(worker.spool.orphans.isEmpty, "its run lives")
            leaving.leave()
            await run.value
            #expect(worker.spool.waiting.count == 1)
        }
        try await first()
        let coordinator = AnsweringServer(Self.answers())
        let next = try context(coordinator, script: "")
        let orphans = next.spool.orphans
        let place = try #require(orphans.first?.contents.first)
        // One of another coordinator, though it may be at the same address, neither takes it nor gives it up.
        let other = WorkerContext(next, coordinator: "other")
        #expect(await !other.deliver(place))
        #expect(coordinator.requests.isEmpty && FileManager.default.fileExists(atPath: place.path))
        #expect(await next.deliver(place))
        #expect(coordinator.requests.map(\.method) == ["PUT", "POST"] && orphans[0].contents.isEmpty)
        try FileManager.default.removeItem(at: folder)
    }

    /// A spool without room costs no result: it is delivered from where it is.
    @Test(.enabled(if: SmallDisk.isPermitted, "mounting a small file system in memory takes the right to mount"))
    func resultsNeedNoSpool() async throws {
        let coordinator = AnsweringServer(Self.answers())
        let disk = try SmallDisk(on: spool, megabytes: 1)
        defer {
            disk.end()
            try? FileManager.default.removeItem(at: folder)
        }
        let worker = try context(coordinator, script: try success())
        disk.fill()
        await job(lease, worker: worker).run()
        #expect(coordinator.requests.map(\.path).contains { $0.hasSuffix("result") })
        #expect(worker.spool.waiting.isEmpty)
    }

    /// Slurm, systemd and a shell's group send a signal to the training process as well, and end all of them when their patience is over.
    @Test(arguments: ["TERM", "HUP", "USR1"]) func signalsForEverybodyAreNotTheChildsToHeed(_ name: String) async throws {
        let coordinator = AnsweringServer(Self.answers())
        let worker = try context(coordinator, script: "kill -\(name) $$; " + (try success()))
        await job(lease, worker: worker).run()
        #expect(coordinator.requests.contains { $0.path.hasSuffix("result") } && !coordinator.requests.contains { $0.path.hasSuffix("failure") })
        try FileManager.default.removeItem(at: folder)
    }

    /// A process that is killed while its worker leaves has not crashed; one that breaks down then has.
    @Test(arguments: [("KILL", "release"), ("SEGV", "failure")]) func endingsWhileLeavingAreNoCrash(_ name: String, _ told: String) async throws {
        let coordinator = AnsweringServer(Self.answers())
        let worker = try context(coordinator, script: "read line; kill -\(name) $$")
        let leaving = job(lease, worker: worker)
        let run = Task { await leaving.run() }
        _ = await coordinator.request("heartbeat", seconds: 30)
        leaving.leave()
        await run.value
        let words = coordinator.requests.compactMap { $0.path.split(separator: "/").last.map(String.init) }.filter { $0 != "heartbeat" }
        #expect(words == [told])
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
        let job = job(lease, worker: worker) { trained.yield(worker.spool.waiting.count) }
        #expect(job.isTraining)
        let run = Task { await job.run() }
        // What lies in the spool at that moment.
        #expect(await freed.first { _ in true } == 1)
        #expect(!job.isTraining && !coordinator.requests.contains { $0.path.hasSuffix("result") })
        await run.value
        #expect(coordinator.requests.contains { $0.path.hasSuffix("result") } && worker.spool.waiting.isEmpty)
        try FileManager.default.removeItem(at: folder)
    }

    @Test func refusedResultsAreSetAside() async throws {
        let coordinator = AnsweringServer { request in
            request.path.hasSuffix("result") ? .problem(422, "a metric is not finite") : Self.answers()(request)
        }
        let message = ChildMessage.outcome(
            .finished(TrainingResult(metrics: [:], losses: [], artefacts: [:], trainingSeconds: 1)), peakMemory: 1)
        let worker = try context(coordinator, script: try line(message), patience: 0)
        await job(lease, worker: worker).run()
        #expect(worker.spool.waiting.isEmpty)
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

extension WorkerContext {
    /// The same worker, when another coordinator answers at its address.
    init(_ context: WorkerContext, coordinator: String) {
        self.init(
            description: context.description, gpus: context.gpus, environment: context.environment, client: context.client,
            heartbeatClient: context.heartbeatClient, datasets: context.datasets, weights: context.weights, folders: context.folders,
            coordinator: KnownCoordinator(coordinator), executable: context.executable, logger: context.logger)
    }

    /// The digest by which a file's upload is known.
    func spoolDigest(_ text: String) -> String { SHA256.hash(data: Data(text.utf8)).hexadecimal }
}
