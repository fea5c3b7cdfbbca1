import AnomalyDetection
import Client
import Datasets
import Foundation
import Logging
import Sweep
import Synchronization
import Wire

/// A worker: asks for jobs, trains each in a process of its own, delivers the results. It keeps nothing that matters:
/// whatever happens to it, its jobs go on elsewhere from their last checkpoints.
public final class WorkerDaemon: Sendable {
    private let configuration: WorkerConfiguration
    private let context: WorkerContext
    private let running = Mutex<[ObjectIdentifier: JobSlot]>([:])
    private let tasks = Mutex<[ObjectIdentifier: Task<Void, Never>]>([:])
    private let asking = Mutex<Task<[Lease], any Error>?>(nil)
    private let isLeaving = Atomic(false)
    /// Jobs that are trained but not delivered, beyond which a worker asks for no more: what it makes faster than it can be
    /// taken would only pile up.
    private static let undeliveredLimit = 64
    /// Told when a job needs its cores no longer, or has ended.
    private let slotFreed = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let logger: Logger

    /// Looks at the data sets; a broken one is left out with a remark.
    /// - Throws: ``WorkerError`` when there is nothing to train on, `FileError` for its folders.
    public init(_ configuration: WorkerConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        guard configuration.device == "cpu" else {
            throw WorkerError(.cannotStart, "this version trains on the CPU only, not on '\(configuration.device)'; leave --device out")
        }
        let datasets = try WorkerDaemon.datasets(configuration, logger)
        guard !datasets.isEmpty else {
            let places = configuration.dataFolders.map { "'\($0.path)'" }.joined(separator: ", ")
            throw WorkerError(.noData, "there is no usable data set below \(places.isEmpty ? "any folder; name one with --data" : places)")
        }
        let weights = try WorkerDaemon.weights(in: configuration.weightsFolder, logger)
        let client = CoordinatorClient(
            url: configuration.coordinator, token: configuration.token, certificates: configuration.certificates,
            patience: 20)
        var impatient = client
        impatient.patience = 0
        let description = WorkerDescription(
            name: configuration.name, host: ProcessInfo.processInfo.hostName, device: configuration.device,
            memory: Int64(ProcessInfo.processInfo.physicalMemory), datasets: datasets.mapValues(\.fingerprint),
            methods: Engine.supportedMethods, engine: Engine.description,
            weights: weights.keys.sorted(),
            tags: Array(Set(configuration.tags)).sorted())
        let work = URL.temporaryDirectory.appending(path: "medsweep-\(configuration.name)-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        context = WorkerContext(
            description: description, client: client, heartbeatClient: impatient, datasets: datasets, weights: PretrainedWeights(weights),
            cacheDirectory: configuration.cacheDirectory, workFolder: work, spool: try Spool(configuration.spoolDirectory),
            executable: URL(filePath: "/proc/self/exe").resolvingSymlinksInPath(), logger: logger)
    }

    deinit { try? FileManager.default.removeItem(at: context.workFolder) }

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
        for (name, folder) in try LocalDatasets.find(in: configuration.dataFolders) {
            do {
                let fingerprint = try LocalDatasets.fingerprint(
                    of: folder, name: name, cacheDirectory: configuration.cacheDirectory)
                result[name] = .init(folder: folder, fingerprint: fingerprint)
            } catch {
                logger.error("data set '\(name)' is left out: \(error)")
            }
        }
        return result
    }

    /// Works until ``leave()`` or, if so configured, until there has been nothing to do for a while.
    public func run() async throws {
        logger.notice(
            "worker \(context.description.name) for \(context.client.address): \(configuration.slots) slots, data sets \(context.datasets.keys.sorted().joined(separator: ", ")), \(context.description.engine)")
        var lastWork = ContinuousClock.now
        var outage = 0.0
        var isAnswerLost = false
        var freed = slotFreed.stream.makeAsyncIterator()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.deliverSpool() }
            while !isLeaving.load(ordering: .relaxed) {
                let (used, undelivered) = load
                let free = configuration.slots - used
                guard free > 0, undelivered < Self.undeliveredLimit else {
                    _ = await freed.next()
                    await Self.gather()
                    continue
                }
                do {
                    let wait = configuration.exitWhenIdle.map { min(20, $0) } ?? 20
                    var request = LeaseRequest(worker: context.description, count: free, wait: wait)
                    if isAnswerLost { request.holding = held }
                    let leases = try await ask(request)
                    outage = 0
                    // Only who asks for what was lost can be given what it has.
                    for lease in leases where !isAnswerLost || !isKnown(lease) {
                        lastWork = .now
                        // Counted before it starts, or the next question would ask for its slot again.
                        let slot = JobSlot(lease, worker: context) { [slotFreed] in slotFreed.continuation.yield() }
                        running.withLock { $0[ObjectIdentifier(slot)] = slot }
                        group.addTask { await self.work(on: slot) }
                    }
                    isAnswerLost = false
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
                    isAnswerLost = true
                    break
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

    /// Asks every job for a checkpoint, hands the leases back and lets ``run()`` return.
    public func leave() {
        isLeaving.store(true, ordering: .relaxed)
        asking.withLock { $0 }?.cancel()
        slotFreed.continuation.yield()
        let slots = running.withLock { Array($0.values) }
        for slot in slots { slot.leave() }
        Task {
            try? await Task.sleep(for: .seconds(configuration.grace))
            for slot in running.withLock({ Array($0.values) }) { slot.abandon() }
            // What a coordinator that is away has not taken by now waits in the spool, or its lease runs out.
            try? await Task.sleep(for: .seconds(2))
            for task in tasks.withLock({ Array($0.values) }) { task.cancel() }
        }
    }

    /// Short jobs end together: one question for all their slots.
    private static func gather() async { try? await Task.sleep(for: .microseconds(500)) }

    /// Slots that are taken, and jobs that take none but are not delivered.
    private var load: (used: Int, undelivered: Int) {
        running.withLock { running in
            running.values.reduce(into: (0, 0)) { load, slot in
                let slots = slot.slots
                load.0 += slots
                if slots == 0 { load.1 += 1 }
            }
        }
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
        let request = LeaseRequest(worker: context.description, count: 0, wait: 0, holding: held)
        do {
            for lease in try await client.lease(request).leases where !isKnown(lease) {
                _ = try await client.release(lease.identity, ReleaseRequest(token: lease.token))
            }
        } catch {
            logger.info("could not ask for leases that were not heard of: \(error); if there are any, they will run out")
        }
    }

    /// Waits for leases; ``leave()`` breaks the wait off.
    private func ask(_ request: LeaseRequest) async throws -> [Lease] {
        let client = context.client
        let question = Task { try await client.lease(request).leases }
        asking.withLock { $0 = question }
        if isLeaving.load(ordering: .relaxed) { question.cancel() }
        return try await question.value
    }

    private func work(on slot: JobSlot) async {
        if isLeaving.load(ordering: .relaxed) { slot.leave() }
        // Not a child of the run's group: cancelling that must not break off a delivery.
        let task = Task { [configuration] in
            if configuration.isNoOp { await self.answer(slot) } else { await slot.run() }
        }
        tasks.withLock { $0[ObjectIdentifier(slot)] = task }
        await task.value
        _ = tasks.withLock { $0.removeValue(forKey: ObjectIdentifier(slot)) }
        _ = running.withLock { $0.removeValue(forKey: ObjectIdentifier(slot)) }
        slotFreed.continuation.yield()
    }

    /// A result without any training, for measuring a coordinator.
    private func answer(_ slot: JobSlot) async {
        slot.endTraining()
        let about = context.description
        let result = JobResult(
            metrics: ["auc": 0.5, "ap": 0.5], losses: [], artefacts: [], trainingSeconds: 0, wallSeconds: 0, peakMemory: 0,
            worker: about.name, host: about.host, device: about.device, engine: about.engine)
        do {
            _ = try await context.client.result(
                slot.identity, ResultRequest(token: slot.lease.token, result: result))
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
