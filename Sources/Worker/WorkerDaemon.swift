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
        let task: Task<LeaseResponse, any Error>
    }

    /// Looks at the data sets; a broken one is left out with a remark.
    /// - Throws: ``WorkerError`` when there is nothing to train on or with, or no place for what has to be kept.
    public init(_ configuration: WorkerConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let folders = try WorkerFolders(cache: configuration.cacheDirectory, spool: configuration.spoolDirectory)
        for remark in folders.remarks { logger.warning("\(remark)") }
        let datasets = try WorkerDaemon.datasets(configuration, cache: folders.cache, logger)
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
        context = WorkerContext(
            description: description, gpus: engine.gpus, environment: environment, client: client, heartbeatClient: impatient,
            datasets: datasets, weights: PretrainedWeights(weights), folders: folders, coordinator: KnownCoordinator(),
            executable: executable, logger: logger)
    }

    /// Why a worker has left.
    public enum Ending: Hashable, Sendable {
        /// ``leave()`` or ``desert()``.
        case told
        /// There has been nothing to do for a while.
        case idle
        /// Nothing could be done for a while: the coordinator was away, or there was no room.
        case hindered
    }

    /// Works until ``leave()`` or, if so configured, until there has been nothing to do for a while.
    /// - Throws: ``WorkerError`` when the coordinator refuses the worker's token and nothing is left to be trained.
    public func run() async throws -> Ending {
        logger.notice(
            "worker \(context.description.name) for \(context.client.address): \(WorkerDaemon.words(context.description.resources)), data sets \(context.datasets.keys.sorted().joined(separator: ", ")), \(context.description.platform)")
        var lastWork = ContinuousClock.now
        var outage = 0.0
        var isAnswerLost = false
        var news = freed.stream.makeAsyncIterator()
        var ending = Ending.told
        var refusal: WorkerError?
        var hindrance: String?
        func stop(_ reason: Ending) {
            ending = reason
            isLeaving.store(true, ordering: .relaxed)
            // What is not delivered yet is in the spool.
            for job in running.withLock({ Array($0.values) }) { job.leave() }
        }
        /// Seconds until there will have been nothing to do for long enough; `nil`: for ever.
        func patience() -> Double? {
            if isTraining { lastWork = .now }
            return configuration.exitWhenIdle.map { max(0, $0 - (ContinuousClock.now - lastWork) / .seconds(1)) }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.deliverSpool() }
            while !isLeaving.load(ordering: .relaxed) {
                let (room, limit) = room
                guard limit > 0 else {
                    _ = await news.next()
                    await Self.gather()
                    continue
                }
                if !configuration.isNoOp, let problem = context.folders.problem() {
                    if hindrance != problem { logger.error("no work is taken: \(problem)") }
                    hindrance = problem
                    let left = patience()
                    if left == 0 { stop(.hindered) }
                    await pause(min(5, left ?? 5))
                    continue
                }
                if hindrance != nil { logger.notice("there is room again") }
                hindrance = nil
                do {
                    // The first answer tells which coordinator this is, for which results may wait here.
                    let wait = context.coordinator.instance == nil ? 0 : configuration.exitWhenIdle.map { min(20, $0) } ?? 20
                    var request = LeaseRequest(worker: context.description, free: room, limit: limit, wait: wait)
                    if isAnswerLost { request.holding = held }
                    let answer = try await ask(request)
                    let leases = answer.leases
                    outage = 0
                    var declined: [Lease] = []
                    // Only who asks for what was lost can be given what it has.
                    for lease in leases where !isAnswerLost || !isKnown(lease) {
                        lastWork = .now
                        // Counted before it starts, or the next question would offer its resources again.
                        guard let job = admit(lease, of: answer.coordinator) else {
                            declined.append(lease)
                            continue
                        }
                        group.addTask { await self.work(on: job) }
                    }
                    isAnswerLost = false
                    if !declined.isEmpty { await decline(declined) }
                    if !leases.isEmpty { await Self.gather() }
                    if leases.isEmpty, let left = patience(), left == 0, context.spool.waiting.isEmpty {
                        logger.notice("nothing to do for \(configuration.exitWhenIdle ?? 0) s; leaving")
                        stop(.idle)
                    }
                } catch is CancellationError {
                    // Leaving, or there is more room than was offered: whatever was given out in that very moment is asked for again.
                    isAnswerLost = true
                } catch {
                    isAnswerLost = true
                    if let error = error as? ClientError, error.isRefusal, !isTraining {
                        refusal = WorkerError(.refused, "the coordinator at \(context.client.address) does not take this worker: \(error)")
                        stop(.hindered)
                        break
                    }
                    outage = min(max(outage * 2, 0.25), 15)
                    logger.warning("no work: \(error)")
                    let left = patience()
                    if left == 0 {
                        logger.error("nothing could be done for \(configuration.exitWhenIdle ?? 0) s; leaving\(waitingText)")
                        stop(.hindered)
                        break
                    }
                    await pause(min(Double.random(in: outage / 2...outage), left ?? .infinity))
                }
            }
            let last = isAnswerLost && refusal == nil ? Task { await self.handBackUnheard() } : nil
            tasks.withLock { $0[ObjectIdentifier(self)] = last }
            group.cancelAll()
            await group.waitForAll()
            await last?.value
        }
        context.folders.tidy()
        if let refusal { throw refusal }
        return ending
    }

    private var isTraining: Bool { running.withLock { $0.values.contains { $0.isTraining } } }

    /// What of the results that wait a person should know.
    private var waitingText: String {
        let count = context.spool.waiting.count
        return count == 0 ? "" : "; \(count) results wait in '\(context.spool.folder.path)' for the next worker there"
    }

    /// Waits, but no longer than until the worker is to leave.
    private func pause(_ seconds: Double) async {
        let pause = Question(task: Task<LeaseResponse, any Error> {
            try await Task.sleep(for: .seconds(seconds))
            return LeaseResponse(coordinator: "", leases: [])
        })
        asking.withLock { $0 = pause }
        defer { asking.withLock { $0 = nil } }
        if isLeaving.load(ordering: .relaxed) { pause.task.cancel() }
        _ = try? await pause.task.value
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
        guard !isLeaving.exchange(true, ordering: .relaxed) else { return }
        let jobs = running.withLock { Array($0.values) }
        logger.notice("leaving: \(jobs.count) jobs write their checkpoints and are handed back, for at most \(configuration.grace) s")
        asking.withLock { $0 }?.task.cancel()
        freed.continuation.yield()
        for job in jobs { job.leave() }
        Task {
            try? await Task.sleep(for: .seconds(configuration.grace))
            for job in running.withLock({ Array($0.values) }) { job.abandon() }
            // What a coordinator that is away has not taken by now waits in the spool, or its lease runs out.
            try? await Task.sleep(for: .seconds(2))
            for task in tasks.withLock({ Array($0.values) }) { task.cancel() }
        }
    }

    /// Ends every job at once, tells nobody and lets ``run()`` return: the coordinator is gone with the program that started both. Complete
    /// results wait in the spool.
    public func desert() {
        isLeaving.store(true, ordering: .relaxed)
        logger.notice("leaving, since the program that started this worker is gone\(waitingText)")
        asking.withLock { $0 }?.task.cancel()
        freed.continuation.yield()
        for job in running.withLock({ Array($0.values) }) { job.drop() }
        Task {
            // A job that has just ended gets its result into the spool.
            try? await Task.sleep(for: .seconds(0.5))
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
    private func admit(_ lease: Lease, of coordinator: String) -> LeasedJob? {
        running.withLock { running in
            guard running.values.count(where: { $0.isTraining }) < configuration.jobs ?? .max,
                let place = free.withLock({ $0.take(lease.resources) })
            else { return nil }
            let job = LeasedJob(lease, of: coordinator, at: place, worker: context) { [weak self] in
                self?.takeBack(lease.resources, from: place)
            }
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
            || context.spool.hasResult(of: lease.identity, token: lease.token)
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
    private func ask(_ request: LeaseRequest) async throws -> LeaseResponse {
        let client = context.client
        let coordinator = context.coordinator
        let question = Question(task: Task {
            let answer = try await client.lease(request)
            coordinator.note(answer.coordinator)
            return answer
        })
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

    /// Delivers what waits in the spool, and what dead workers have left there, again and again with a growing, jittered wait.
    private func deliverSpool() async {
        var wait = 0.5
        while !Task.isCancelled {
            var isClear = true
            if context.coordinator.instance != nil {
                for place in context.spool.waiting where !isBusy(place) { isClear = await context.deliver(place) && isClear }
                for orphan in context.spool.orphans {
                    for place in orphan.contents where !Task.isCancelled { isClear = await context.deliver(place) && isClear }
                    orphan.removeIfEmpty()
                }
                wait = isClear ? 1 : min(wait * 2, 60)
            }
            try? await Task.sleep(for: .seconds(Double.random(in: wait / 2...wait)))
        }
    }

    /// Whether a running job is about to deliver this place itself.
    private func isBusy(_ place: URL) -> Bool {
        running.withLock { $0.values.contains { place.lastPathComponent.hasPrefix($0.identity) } }
    }
}
