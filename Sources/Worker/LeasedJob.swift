import AnomalyDetection
import Catalogue
import Client
import Datasets
import Foundation
import Logging
import Synchronization
import Sweep
import Wire

/// One lease from its start to its end: training in a child process, heartbeats, checkpoints, the result.
final class LeasedJob: Sendable {
    let lease: Lease
    /// Where it trains.
    let place: WorkerResources.Place
    /// The instance that has given it out.
    private let coordinator: String
    private let worker: WorkerContext
    private let folder: URL
    private let process = Mutex<TrainingProcess?>(nil)
    private let progress = Mutex<JobProgress?>(nil)
    private let log = JobLog()
    /// Bytes of the log that the coordinator has.
    private let toldLog = Mutex<Int64>(0)
    /// Points of the learning curves of which the coordinator has not been told.
    private let curve = Mutex<[CurvePoint]>([])
    /// What decides the last digits, once the training process has told.
    private let engine = Mutex<EngineClass?>(nil)
    /// What a reader of the result should know.
    private let notes = Mutex<[String]>([])
    private let fate = Mutex(Fate.running)
    private let isTrained = Atomic(false)
    private let whenTrained: @Sendable () -> Void

    private struct Checkpoint: Sendable {
        let file: URL
        let work: Int
    }

    private enum Fate {
        case running
        /// The coordinator wants no more of it.
        case dropped
        /// The worker leaves, or the job is held: checkpoint and hand back.
        case leaving
        /// It took too long to leave: hand back without a checkpoint.
        case abandoned
    }

    /// - Parameters:
    ///   - coordinator: the instance of the coordinator that has given it out.
    ///   - place: where the worker's resources were taken from.
    ///   - whenTrained: is called once, when the job needs its resources no longer, though the coordinator may not know yet how it
    ///     ended.
    init(
        _ lease: Lease, of coordinator: String, at place: WorkerResources.Place = .cpu, worker: WorkerContext,
        whenTrained: @escaping @Sendable () -> Void = {}
    ) {
        self.lease = lease
        self.coordinator = coordinator
        self.place = place
        self.worker = worker
        self.whenTrained = whenTrained
        folder = worker.folders.work.url.appending(path: "\(lease.identity.prefix(16))-\(UUID().uuidString)")
    }

    /// The job's identity.
    var identity: String { lease.identity }

    /// Whether the job holds resources; no longer once it is trained and only has to be delivered.
    var isTraining: Bool { !isTrained.load(ordering: .relaxed) }

    /// Lets other jobs have the resources.
    func endTraining() {
        if !isTrained.exchange(true, ordering: .relaxed) { whenTrained() }
    }

    private var label: String { "\(lease.job.method) on \(lease.job.dataset), seed \(lease.job.seed) (\(lease.identity.prefix(12)))" }

    /// Runs the job to its end, whatever that is.
    func run() async {
        worker.logger.info("starting \(label), attempt \(lease.attempt)")
        log.remark("attempt \(lease.attempt) on \(worker.description.name)")
        let heartbeats = Task { await beat() }
        defer {
            heartbeats.cancel()
            try? FileManager.default.removeItem(at: folder)
        }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try await train()
        } catch {
            endTraining()
            await end(with: .failed(error: "\(error)", kind: FailureKind(of: error), logTail: "", signal: nil))
        }
    }

    /// Lets the job write a checkpoint and hands its lease back.
    func leave() {
        fate.withLock { if $0 == .running { $0 = .leaving } }
        process.withLock { $0 }?.stop()
    }

    /// Ends the job's process at once and hands its lease back as it is.
    func abandon() {
        fate.withLock { if $0 != .dropped { $0 = .abandoned } }
        process.withLock { $0 }?.kill()
    }

    /// Ends the job's process at once and tells nobody.
    func drop() {
        fate.withLock { $0 = .dropped }
        process.withLock { $0 }?.kill()
    }

    // MARK: Training

    private func train() async throws {
        let start = ContinuousClock.now
        let request = try await request()
        let child = try TrainingProcess(
            executable: worker.executable, arguments: ["run-job"], request: request, environment: worker.environment, log: log)
        process.withLock { $0 = child }
        // It may have been asked to leave in between.
        switch fate.withLock({ $0 }) {
        case .running: break
        case .leaving: child.stop()
        case .dropped, .abandoned: child.kill()
        }
        // Uploads go on beside, so that a slow one holds up no news of a crash. A checkpoint that a newer one overtakes is
        // left out.
        let (checkpoints, queue) = AsyncStream.makeStream(of: Checkpoint.self, bufferingPolicy: .bufferingNewest(1))
        let uploads = Task { for await checkpoint in checkpoints { await upload(checkpoint) } }
        var last: ChildMessage?
        for await message in child.messages {
            switch message {
            case .event(.began(let engine)): begin(on: engine, from: request.checkpoint == nil ? nil : lease.checkpoint)
            case .event(.progress(let news)): note(news)
            case .event(.evaluation(let work, let auc)): curve.withLock { $0.append(CurvePoint(work: work, auc: auc)) }
            case .event(.remark(let sentence)): note(sentence)
            case .event(.note): break
            case .event(.checkpoint(let file, let work)):
                if case .dropped(let older) = queue.yield(Checkpoint(file: file, work: work)) {
                    try? FileManager.default.removeItem(at: older.file)
                }
            case .outcome, .error: last = message
            }
        }
        queue.finish()
        let ending = await child.end(last: last)
        // Only a job that is handed back needs its last checkpoint.
        if case .stopped = ending {} else { uploads.cancel() }
        if case .finished(let result, let peakMemory) = ending {
            try await finish(result, peakMemory: peakMemory, seconds: (ContinuousClock.now - start) / .seconds(1))
        } else {
            endTraining()
            if case .stopped = ending {
                await withTaskCancellationHandler { await uploads.value } onCancel: { uploads.cancel() }
            }
            await end(with: ending)
        }
        await uploads.value
    }

    private func begin(on engine: EngineClass, from checkpoint: JobRecord.Checkpoint?) {
        self.engine.withLock { $0 = engine }
        guard let checkpoint, checkpoint.engine != engine else { return }
        note(checkpoint.engine.goneOnFrom)
        remark(.notice, checkpoint.engine.goneOnFrom)
    }

    private func note(_ sentence: String) { notes.withLock { if !$0.contains(sentence) { $0.append(sentence) } } }

    private func note(_ news: JobProgress) {
        let before = progress.withLock { progress in
            defer { progress = news }
            return progress
        }
        // A pass is told of again and again until the next one ends.
        guard let loss = news.loss, news.epoch != before?.epoch || news.stage != before?.stage else { return }
        curve.withLock { $0.append(CurvePoint(work: news.work, loss: loss)) }
    }

    /// Signals of a process that has done something wrong; any other comes from outside.
    private static let faults = [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS]

    /// Tells the coordinator how a job without a result ended.
    private func end(with ending: TrainingEnd) async {
        switch (ending, fate.withLock { $0 }) {
        case (_, .dropped): worker.logger.info("dropped \(label)")
        case (.failed(_, .crash, _, let signal?), .leaving) where !Self.faults.contains(signal):
            // Whoever ends this worker ends its processes too.
            await handBack()
        case (.failed(let error, let kind, let logTail, let signal), .running),
            (.failed(let error, let kind, let logTail, let signal), .leaving):
            await report(error: error, kind: kind, logTail: logTail, signal: signal)
        default: await handBack()
        }
    }

    private func request() async throws -> TrainingRequest {
        guard let data = worker.datasets[lease.job.dataset], data.content.fingerprint == lease.job.fingerprint else {
            throw TrainingError("this worker does not have the data set '\(lease.job.dataset)' with that content")
        }
        var request = TrainingRequest(
            job: lease.job, dataFolder: data.folder, cacheDirectory: worker.folders.pixels,
            workDirectory: folder, weights: worker.weights, device: worker.device(at: place), threads: lease.resources.threads)
        switch lease.checkpointInterval {
        case .epochs(let epochs): request.checkpointEpochs = epochs
        case .seconds(let seconds): request.checkpointSeconds = seconds
        }
        request.evaluationEpochs = lease.evaluateEvery
        if let weights = lease.trainedWeights {
            let file = folder.appending(path: "trained.safetensors")
            do {
                try await worker.client.fetchArtefact(weights, under: lease, to: file)
                request.trainedWeights = file
            } catch let error as ClientError where error.isLoss {
                // Training them again gives the same ones.
                remark(.warning, "trains by itself, since the weights it was to score are lost: \(error)")
            }
        }
        request.keepsMaps = lease.artefacts.maps
        request.examples = lease.artefacts.examples
        if let checkpoint = lease.checkpoint {
            let file = folder.appending(path: "resume.safetensors")
            do {
                try await worker.client.fetchArtefact(checkpoint.sha256, under: lease, to: file)
                request.checkpoint = file
                remark(.info, "goes on from a checkpoint at work \(checkpoint.work)")
            } catch let error as ClientError where error.isLoss {
                // Failing would not bring it back: the next attempt would be handed the same one.
                remark(.warning, "begins anew, since its checkpoint is lost: \(error)")
            }
        }
        return request
    }

    // MARK: Telling the coordinator

    /// Tells of the job here and in its log.
    private func remark(_ level: Logger.Level, _ what: String) {
        worker.logger.log(level: level, "\(label) \(what)")
        log.remark("the job \(what)")
    }

    /// What of the log the coordinator does not have.
    private var newLog: LogPiece? { log.piece(after: toldLog.withLock { $0 }) }

    private func beat() async {
        while !Task.isCancelled {
            let (piece, points) = (newLog, curve.withLock { $0 })
            do {
                let answer = try await worker.heartbeatClient.heartbeat(
                    lease.identity,
                    HeartbeatRequest(
                        token: lease.token, progress: progress.withLock { $0 }, log: piece,
                        curve: points.isEmpty ? nil : CurvePoint.thinned(points)))
                if let piece { toldLog.withLock { $0 = max($0, piece.end) } }
                curve.withLock { $0.removeFirst(points.count) }
                switch answer.action {
                case .continue: break
                case .cancel:
                    worker.logger.notice("the coordinator cancelled \(label)")
                    drop()
                    return
                case .drain:
                    if fate.withLock({ $0 }) == .running { remark(.notice, "is held by the coordinator") }
                    leave()
                }
            } catch ClientError.problem(let problem) where problem.status == 409 || problem.status == 404 {
                worker.logger.notice("\(label): \(problem.detail)")
                drop()
                return
            } catch is CancellationError {
                return
            } catch {
                // Training goes on through an outage; what it makes is delivered later.
                remark(.warning, "goes on without a heartbeat: \(error)")
            }
            try? await Task.sleep(for: .seconds(lease.heartbeat))
        }
    }

    /// A checkpoint that cannot be delivered is no loss: the next one holds more.
    private func upload(_ checkpoint: Checkpoint) async {
        defer { try? FileManager.default.removeItem(at: checkpoint.file) }
        do {
            let digest = try FileDigest.sha256(of: checkpoint.file)
            try await worker.client.putArtefact(checkpoint.file, sha256: digest)
            _ = try await worker.client.checkpoint(
                lease.identity,
                CheckpointRequest(
                    token: lease.token, checkpoint: .init(sha256: digest, work: checkpoint.work, engine: engineClass)))
        } catch is CancellationError {
            // The job has ended otherwise.
        } catch {
            remark(.warning, "keeps its checkpoint to itself, since it was not delivered: \(error)")
        }
    }

    /// Where the numbers come from. A training process tells before anything else; what this worker knows of it is the same but for
    /// what the core makes of the job's settings.
    private var engineClass: EngineClass {
        engine.withLock { $0 }
            ?? EngineClass(
                platform: worker.description.platform,
                precision: InputOptions.precision.value(in: lease.job.configuration) ?? .float32, threads: lease.resources.threads)
    }

    private func finish(_ result: TrainingResult, peakMemory: Int64, seconds: Double) async throws {
        var files: [String: URL] = [:]
        var artefacts: [Artefact] = []
        for (name, file) in result.artefacts.sorted(by: { $0.key < $1.key }) {
            let digest = try FileDigest.sha256(of: file)
            let size = try file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
            files[digest] = file
            artefacts.append(Artefact(name: name, sha256: digest, size: Int64(size)))
        }
        let about = worker.description
        let wire = JobResult(
            metrics: result.metrics, losses: result.losses, artefacts: artefacts,
            trainingSeconds: result.trainingSeconds, wallSeconds: seconds, peakMemory: peakMemory, worker: about.name,
            host: about.host, engine: engineClass, notes: notes.withLock { $0 })
        // Never without a last line, by which the coordinator knows that the log is at its end.
        log.remark("sends its result and \(artefacts.count) files")
        let evaluations = curve.withLock { $0.filter { $0.auc != nil } }
        let entry = Spool.Entry(
            identity: lease.identity,
            request: ResultRequest(
                token: lease.token, result: wire, log: newLog,
                curve: evaluations.isEmpty ? nil : CurvePoint.thinned(evaluations), coordinator: coordinator))
        worker.logger.info("finished \(label) in \(Int(seconds)) s")
        await deliver(entry, files: files)
    }

    /// Delivers the result, however long that takes. The heartbeats go on meanwhile, so that nobody trains the job again. A worker that
    /// leaves leaves it in the spool.
    private func deliver(_ entry: Spool.Entry, files: [String: URL]) async {
        var place: URL?
        var wait = 1.0
        repeat {
            do {
                if place == nil { place = try worker.spool.add(entry, files: files) }
            } catch {
                remark(.warning, "keeps its result beside the spool: \(error)")
            }
            // The next job trains while this one is on its way, however slow that is.
            endTraining()
            if let place {
                if await worker.deliver(place) { return }
            } else if await worker.deliver(entry, file: { files[$0] ?? folder }) != .waits {
                return
            }
            await pause(wait)
            wait = min(wait * 2, 60)
        } while isOn
        if place == nil { remark(.error, "loses its result, for which there is no room") }
    }

    /// Whether the job is neither to be dropped nor handed back.
    private var isOn: Bool { fate.withLock { $0 == .running } && !Task.isCancelled }

    /// Waits about so many seconds, but no longer than the job is on.
    private func pause(_ seconds: Double) async {
        let end = ContinuousClock.now + .seconds(Double.random(in: seconds / 2...seconds))
        while isOn, ContinuousClock.now < end { try? await Task.sleep(for: min(.milliseconds(250), end - .now)) }
    }

    private func handBack() async {
        do {
            log.remark("handed back")
            _ = try await worker.client.release(lease.identity, ReleaseRequest(token: lease.token, log: newLog))
            worker.logger.info("handed back \(label)")
        } catch {
            worker.logger.warning("could not hand back \(label): \(error); its lease will run out")
        }
    }

    private func report(error: String, kind: FailureKind, logTail: String, signal: Int32?) async {
        remark(.error, "failed: \(error)")
        do {
            // Until the lease would have run out: after that the coordinator has seen for itself that it failed.
            var client = worker.client
            client.patience = max(client.patience, lease.duration)
            _ = try await client.failure(
                lease.identity,
                FailureRequest(
                    token: lease.token, kind: kind, error: error, logTail: logTail, signal: signal.map(Int.init), log: newLog))
        } catch {
            worker.logger.warning("the failure of \(label) was not delivered: \(error); its lease will run out")
        }
    }
}

extension ClientError {
    /// The file is gone from the coordinator, or is not what was put there.
    fileprivate var isLoss: Bool {
        switch self {
        case .wrongDigest: true
        case .problem(let problem): problem.status == 404
        default: false
        }
    }
}
