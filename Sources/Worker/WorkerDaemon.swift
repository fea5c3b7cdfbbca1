import AnomalyDetection
import Catalogue
import Client
import Datasets
import Foundation
import Host
import Logging
import Sweep
import Synchronization
import Wire

/// A worker: asks for jobs, trains each in a process of its own, delivers the results. It keeps nothing that matters:
/// whatever happens to it, its jobs go on elsewhere from their last checkpoints.
public final class WorkerDaemon: Sendable {
    private let configuration: WorkerConfiguration
    private let context: WorkerContext
    private let running = Mutex<[ObjectIdentifier: LeasedJob]>([:])
    private let tasks = Mutex<[ObjectIdentifier: Task<Void, Never>]>([:])
    /// What no job has taken.
    private let free: Mutex<WorkerResources>
    private let asking = Mutex<Question?>(nil)
    private let isLeaving = Atomic(false)
    /// Jobs that are trained but not delivered, beyond which a worker asks for no more: what it makes faster than it can be
    /// taken would only pile up.
    private static let undeliveredLimit = 64
    /// Told when a job needs its resources no longer, or has ended.
    private let freed = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let logger: Logger

    /// A request for work on its way.
    private struct Question {
        let id = UUID()
        let task: Task<[Lease], any Error>
    }

    /// Looks at the data sets; a broken one is left out with a remark.
    /// - Throws: ``WorkerError`` when there is nothing to train on or with, `FileError` for its folders.
    public init(_ configuration: WorkerConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let datasets = try WorkerDaemon.datasets(configuration, logger)
        guard !datasets.isEmpty else {
            let places = configuration.dataFolders.map { "'\($0.path)'" }.joined(separator: ", ")
            throw WorkerError(.noData, "there is no usable data set below \(places.isEmpty ? "any folder; name one with --data" : places)")
        }
        let weights = try WorkerDaemon.weights(in: configuration.weightsFolder, logger)
        let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let engine = try WorkerDaemon.engine(configuration, program: executable)
        for remark in engine.remarks { logger.warning("\(remark)") }
        let environment = TrainingEnvironment(kernels: try Engine.environment(kernels: configuration.kernels.rawValue))
        if !engine.gpus.isEmpty, environment.hasMPS { logger.info("jobs share GPUs through NVIDIA's multi-process service") }
        let client = CoordinatorClient(
            url: configuration.coordinator, token: configuration.token, certificates: configuration.certificates,
            patience: 20)
        var impatient = client
        impatient.patience = 0
        let description = WorkerDescription(
            name: configuration.name, instance: WorkerInstance.make(), host: ProcessInfo.processInfo.hostName, resources: configuration.resources(engine.gpus),
            platform: engine.platform, datasets: datasets.mapValues(\.content), methods: Engine.supportedMethods,
            weights: weights.keys.sorted(), tags: Array(Set(configuration.tags)).sorted())
        free = Mutex(description.resources)
        let work = URL.temporaryDirectory.appending(path: "medsweep-\(configuration.name)-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        context = WorkerContext(
            description: description, gpus: engine.gpus, environment: environment, client: client, heartbeatClient: impatient,
            datasets: datasets, weights: PretrainedWeights(weights),
            cacheDirectory: configuration.cacheDirectory, workFolder: work, spool: try Spool(configuration.spoolDirectory),
            executable: executable, logger: logger)
    }

    deinit { try? FileManager.default.removeItem(at: context.workFolder) }

    /// What there is to compute with. Nobody needs to know where nothing is computed.
    private static func engine(_ configuration: WorkerConfiguration, program: URL) throws(WorkerError) -> EngineReport {
        if configuration.isNoOp { return EngineReport(platform: .init(device: "none", libtorch: "none", kernels: "none")) }
        do {
            return try EngineReport.ask(program, devices: configuration.devices, kernels: configuration.kernels)
        } catch {
            throw WorkerError(.noEngine, error.description)
        }
    }

    /// The files of pretrained weights by name. One that is not what the catalogue says of its name is left out.
    /// - Parameter folder: `nil`: the usual one, which may be absent.
    static func weights(in folder: URL?, _ logger: Logger) throws(WorkerError) -> [String: URL] {
        if let folder, !FileManager.default.fileExists(atPath: folder.path) {
            throw WorkerError(.noWeights, "there is no weights folder '\(folder.path)'; name one with --weights, or add weights to it with medsweep weights add")
        }
        let weights = LocalWeights(folder ?? LocalWeights.defaultFolder)
        do throws(WeightsError) {
            return try weights.files().filter { name, file in
                do throws(WeightsError) {
                    try weights.check(name, file)
                    return true
                } catch {
                    logger.error("the weights '\(name)' are left out: \(error)")
                    return false
                }
            }
        } catch {
            throw WorkerError(.noWeights, error.description)
        }
    }

    private static func datasets(
        _ configuration: WorkerConfiguration, _ logger: Logger
    ) throws -> [String: WorkerContext.Dataset] {
        var result: [String: WorkerContext.Dataset] = [:]
        for (name, places) in try LocalDatasets.places(in: configuration.dataFolders) {
            let folder = places[0]
            if let sentence = LocalDatasets.shadowing(name, places) { logger.warning("\(sentence)") }
            do {
                let content = try LocalDatasets.content(of: folder, name: name, cacheDirectory: configuration.cacheDirectory)
                result[name] = .init(folder: folder, content: content)
            } catch {
                logger.error("data set '\(name)' is left out: \(error)")
            }
        }
        return result
    }

    /// Works until ``leave()`` or, if so configured, until there has been nothing to do for a while.
    public func run() async throws {
        logger.notice(
            "worker \(context.description.name) for \(context.client.address): \(WorkerDaemon.words(context.description.resources)), data sets \(context.datasets.keys.sorted().joined(separator: ", ")), \(context.description.platform)")
        var lastWork = ContinuousClock.now
        var outage = 0.0
        var isAnswerLost = false
        var news = freed.stream.makeAsyncIterator()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.deliverSpool() }
            while !isLeaving.load(ordering: .relaxed) {
                let (room, limit) = room
                guard limit > 0 else {
                    _ = await news.next()
                    await Self.gather()
                    continue
                }
                do {
                    let wait = configuration.exitWhenIdle.map { min(20, $0) } ?? 20
                    var request = LeaseRequest(worker: context.description, free: room, limit: limit, wait: wait)
                    if isAnswerLost { request.holding = held }
                    let leases = try await ask(request)
                    outage = 0
                    var declined: [Lease] = []
                    // Only who asks for what was lost can be given what it has.
                    for lease in leases where !isAnswerLost || !isKnown(lease) {
                        lastWork = .now
                        // Counted before it starts, or the next question would offer its resources again.
                        guard let job = admit(lease) else {
                            declined.append(lease)
                            continue
                        }
                        group.addTask { await self.work(on: job) }
                    }
                    isAnswerLost = false
                    if !declined.isEmpty { await decline(declined) }
                    if !leases.isEmpty { await Self.gather() }
                    let isIdle = running.withLock { $0.isEmpty }
                    if leases.isEmpty, isIdle, let idle = configuration.exitWhenIdle,
                        ContinuousClock.now - lastWork >= .seconds(idle), context.spool.waiting().isEmpty
                    {
                        logger.notice("nothing to do for \(idle) s; leaving")
                        isLeaving.store(true, ordering: .relaxed)
                    }
                    if !isIdle { lastWork = .now }
                } catch is CancellationError {
                    // Leaving, or there is more room than was offered: whatever was given out in that very moment is asked for again.
                    isAnswerLost = true
                } catch {
                    isAnswerLost = true
                    outage = min(max(outage * 2, 0.25), 15)
                    logger.warning("no work: \(error)")
                    try? await Task.sleep(for: .seconds(Double.random(in: outage / 2...outage)))
                }
            }
            let last = isAnswerLost ? Task { await self.handBackUnheard() } : nil
            tasks.withLock { $0[ObjectIdentifier(self)] = last }
            group.cancelAll()
            await group.waitForAll()
            await last?.value
        }
    }

    /// `4 threads, 14.4 GiB of memory, 2 GPUs with 14 GiB each`
    private static func words(_ resources: WorkerResources) -> String {
        var parts = [resources.threads == 1 ? "1 thread" : "\(resources.threads) threads", "\(ByteSize.text(resources.memory)) of memory"]
        if let least = resources.gpus.min() {
            parts.append(resources.gpus.count == 1 ? "1 GPU with \(ByteSize.text(least))" : "\(resources.gpus.count) GPUs with \(ByteSize.text(least)) or more")
        }
        return parts.joined(separator: ", ")
    }

    /// Asks every job for a checkpoint, hands the leases back and lets ``run()`` return.
    public func leave() {
        isLeaving.store(true, ordering: .relaxed)
        asking.withLock { $0 }?.task.cancel()
        freed.continuation.yield()
        let jobs = running.withLock { Array($0.values) }
        for job in jobs { job.leave() }
        Task {
            try? await Task.sleep(for: .seconds(configuration.grace))
            for job in running.withLock({ Array($0.values) }) { job.abandon() }
            // What a coordinator that is away has not taken by now waits in the spool, or its lease runs out.
            try? await Task.sleep(for: .seconds(2))
            for task in tasks.withLock({ Array($0.values) }) { task.cancel() }
        }
    }

    /// Short jobs end together: one question for all that they leave.
    private static func gather() async { try? await Task.sleep(for: .microseconds(500)) }

    // MARK: Resources

    /// What can be asked for, and the most jobs.
    private var room: (free: WorkerResources, limit: Int) {
        let left = free.withLock { $0 }
        let (training, undelivered) = running.withLock { running in
            let training = running.values.count { $0.isTraining }
            return (training, running.count - training)
        }
        let isFull = left.threads < 1 || left.memory < 1 || (!left.gpus.isEmpty && left.gpus.allSatisfy { $0 < 1 })
        guard !isFull, undelivered < Self.undeliveredLimit else { return (left, 0) }
        return (left, max(0, min(left.threads, (configuration.jobs ?? Self.mostJobs) - training)))
    }

    /// The most jobs of one question.
    private static let mostJobs = 4096

    /// Takes what a lease needs. `nil`: there is not as much.
    private func admit(_ lease: Lease) -> LeasedJob? {
        running.withLock { running in
            guard running.values.count(where: { $0.isTraining }) < configuration.jobs ?? .max,
                let place = free.withLock({ $0.take(lease.resources) })
            else { return nil }
            let job = LeasedJob(lease, at: place, worker: context) { [weak self] in self?.takeBack(lease.resources, from: place) }
            running[ObjectIdentifier(job)] = job
            return job
        }
    }

    private func takeBack(_ resources: JobResources, from place: WorkerResources.Place) {
        free.withLock { $0.giveBack(resources, at: place) }
        freed.continuation.yield()
        // A question that is answered at once is no matter. One that waits speaks of less room than there is by now, and a job that
        // fits now would not wake it.
        guard let question = asking.withLock({ $0 }) else { return }
        Task {
            try? await Task.sleep(for: .seconds(1))
            asking.withLock { if $0?.id == question.id { question.task.cancel() } }
        }
    }

    /// Hands back what does not fit after all, such as what an answer that was lost has given out a second time.
    private func decline(_ leases: [Lease]) async {
        for lease in leases {
            logger.notice("job \(lease.identity.prefix(12)) needs \(lease.resources.threads) threads and \(ByteSize.text(lease.resources.memory)), which are taken; it is handed back")
            do {
                _ = try await context.client.release(lease.identity, ReleaseRequest(token: lease.token))
            } catch {
                logger.warning("could not hand back job \(lease.identity.prefix(12)): \(error); its lease will run out")
            }
        }
        // Others may have room for them.
        try? await Task.sleep(for: .seconds(1))
    }

    /// The identities of all jobs that this worker has.
    private var held: [String] { running.withLock { $0.values.map(\.identity) }.sorted() }

    /// Whether a lease is at work here, or its result waits for delivery.
    private func isKnown(_ lease: Lease) -> Bool {
        running.withLock { $0.values.contains { $0.identity == lease.identity && $0.lease.token == lease.token } }
            || FileManager.default.fileExists(atPath: context.spool.place(of: lease.identity, token: lease.token).path)
    }

    /// Hands back what was given out in the very moment in which the wait for it was broken off, so that others need not wait
    /// for it to run out.
    private func handBackUnheard() async {
        let client = context.heartbeatClient
        let nothing = WorkerResources(threads: 0, memory: 0)
        let request = LeaseRequest(worker: context.description, free: nothing, limit: 0, wait: 0, holding: held)
        do {
            for lease in try await client.lease(request).leases where !isKnown(lease) {
                _ = try await client.release(lease.identity, ReleaseRequest(token: lease.token))
            }
        } catch {
            logger.info("could not ask for leases that were not heard of: \(error); if there are any, they will run out")
        }
    }

    /// Waits for leases; ``leave()`` breaks the wait off, and so does room that was not offered.
    private func ask(_ request: LeaseRequest) async throws -> [Lease] {
        let client = context.client
        let question = Question(task: Task { try await client.lease(request).leases })
        asking.withLock { $0 = question }
        defer { asking.withLock { $0 = nil } }
        if isLeaving.load(ordering: .relaxed) { question.task.cancel() }
        return try await question.task.value
    }

    private func work(on job: LeasedJob) async {
        if isLeaving.load(ordering: .relaxed) { job.leave() }
        // Not a child of the run's group: cancelling that must not break off a delivery.
        let task = Task { [configuration] in
            if configuration.isNoOp { await self.answer(job) } else { await job.run() }
        }
        tasks.withLock { $0[ObjectIdentifier(job)] = task }
        await task.value
        _ = tasks.withLock { $0.removeValue(forKey: ObjectIdentifier(job)) }
        _ = running.withLock { $0.removeValue(forKey: ObjectIdentifier(job)) }
        freed.continuation.yield()
    }

    /// A result without any training, for measuring a coordinator.
    private func answer(_ job: LeasedJob) async {
        job.endTraining()
        let about = context.description
        let engine = EngineClass(platform: about.platform, precision: .float32, threads: job.lease.resources.threads)
        let result = JobResult(
            metrics: ["auc": 0.5, "ap": 0.5], losses: [], artefacts: [], trainingSeconds: 0, wallSeconds: 0, peakMemory: 0,
            worker: about.name, host: about.host, engine: engine)
        do {
            _ = try await context.client.result(
                job.identity, ResultRequest(token: job.lease.token, result: result))
        } catch {
            logger.warning("a result was not delivered: \(error)")
        }
    }

    /// Delivers what waits in the spool, again and again with a growing, jittered wait.
    private func deliverSpool() async {
        var wait = 1.0
        while !Task.isCancelled {
            let places = context.spool.waiting()
            var isClear = true
            for place in places where !isBusy(place) {
                // A result that is being delivered by its job may be gone by now.
                guard FileManager.default.fileExists(atPath: place.path) else { continue }
                isClear = await context.deliver(place) && isClear
            }
            wait = isClear ? 1 : min(wait * 2, 60)
            try? await Task.sleep(for: .seconds(Double.random(in: wait / 2...wait)))
        }
    }

    /// Whether a running job is about to deliver this place itself.
    private func isBusy(_ place: URL) -> Bool {
        running.withLock { $0.values.contains { place.lastPathComponent.hasPrefix($0.identity) } }
    }
}
