import Catalogue
import Foundation
import Logging
import Sweep
import Synchronization
import Wire

/// Keeps sweeps, jobs, leases and results. A call that returns has its changes on disk. What is done is said by
/// ``Ledger``, once for every database; this is its door for concurrent requests.
final class JobStore: Sendable {
    private let database: any JobDatabase
    private let writer: GroupedWriter
    private let cache = StoreCache()
    /// Whether the last lease left jobs behind. When it did not, a look costs less than a transaction.
    private let mayHaveWork = Mutex(true)
    private let wakes = Atomic(0)
    private let knownInstance = Mutex<String?>(nil)
    private let waking: @Sendable () -> Void

    /// - Parameter waking: is called whenever there may be work that was not there before.
    init(_ database: any JobDatabase, waking: @escaping @Sendable () -> Void) {
        self.database = database
        self.waking = waking
        let cache = cache
        writer = GroupedWriter(database) { Ledger($0, cache: cache) }
        database.listen { [weak self] in self?.wake() }
    }

    private func write<Result: Sendable>(_ body: @escaping @Sendable (Ledger) throws -> Result) async throws -> Result {
        let (result, isWaking) = try await writer.write { ledger in
            let result = try body(ledger)
            return (result, ledger.isWaking)
        }
        if isWaking { wake() }
        return result
    }

    private func wake() {
        mayHaveWork.withLock { mayHave in
            wakes.add(1, ordering: .acquiringAndReleasing)
            mayHave = true
        }
        waking()
    }

    private func read<Result: Sendable>(_ body: @escaping @Sendable (Ledger) throws -> Result) async throws -> Result {
        let cache = cache
        return try await database.read { try body(Ledger($0, cache: cache)) }
    }

    /// Whether the error says that the disk below the database is full.
    func isDiskFull(_ error: any Error) -> Bool { database.isDiskFull(error) }
    /// Whether the database is away for now.
    func isPassing(_ error: any Error) -> Bool { database.isPassing(error) }

    /// Writes something and takes it back.
    func checkWritable() async throws {
        try await writer.write { ledger in
            // What changes no row would be taken even by a full disk; and no worker goes by a name that nobody knows before.
            let name = SQLValue.text(".health-\(UUID().uuidString)")
            try ledger.connection.run("INSERT INTO workers (name, description, platform, seen) VALUES (?, '', '', 0)", [name])
            try ledger.connection.run("DELETE FROM workers WHERE name = ?", [name])
        }
    }

    /// Which store this is: random, made with it.
    func instance() async throws -> String {
        if let known = knownInstance.withLock({ $0 }) { return known }
        let instance = try await read { try $0.connection.row("SELECT instance FROM store", [])?.text(0) ?? "" }
        knownInstance.withLock { $0 = instance }
        return instance
    }

    /// How transactions went so far.
    var timings: GroupedWriter.Timings { writer.timings }
    /// The queue in numbers.
    func figures(now: Double) async throws -> StoreFigures { try await read { try $0.figures(now: now) } }

    /// Lets go of files and connections; the store is not used any more.
    func close() { database.close() }

    // MARK: Submitting

    /// Jobs written in one transaction, so that a large sweep keeps nobody waiting.
    private static let batch = 500

    /// Submits a sweep's jobs, made one by one and written in batches.
    func submit(_ sweep: SweepFile, _ request: SubmitRequest, now: Double) async throws -> SubmitResponse {
        let expansion = try await write { try $0.beginSubmit(sweep, request, now: now) }
        return try await expand(expansion, sweep)
    }

    private func expand(_ expansion: Expansion, _ sweep: SweepFile) async throws -> SubmitResponse {
        var axes = AxisCounts()
        var total = 0
        var added = Ledger.Added()
        var batch: [PlannedJob] = []
        func add() async throws {
            let jobs = batch
            batch = []
            guard !jobs.isEmpty else { return }
            added += try await write { try $0.add(jobs, to: expansion, now: Date().timeIntervalSince1970) }
        }
        for planned in try sweep.jobs(contents: expansion.request.contents) {
            axes.add(planned)
            total += 1
            batch.append(planned)
            if batch.count == Self.batch { try await add() }
        }
        try await add()
        var withdrawn = 0
        var after: Int64? = expansion.revision > 1 ? 0 : nil
        while let place = after {
            let (count, next) = try await write {
                try $0.withdraw(from: expansion, after: place, now: Date().timeIntervalSince1970)
            }
            withdrawn += count
            after = next
        }
        let (all, new) = (total, added.new)
        try await write { try $0.endSubmit(expansion, total: all, new: new, now: Date().timeIntervalSince1970) }
        return SubmitResponse(
            sweep: expansion.name, total: total, new: added.new, reused: added.reused, queued: added.queued,
            withdrawn: withdrawn, axes: axes.counts)
    }

    /// Counts what a submit would do.
    func plan(_ sweep: SweepFile, _ request: SubmitRequest) async throws -> SubmitResponse {
        var response = SubmitResponse(sweep: sweep.name, total: 0, new: 0, reused: 0, queued: 0, withdrawn: 0, axes: [:])
        var axes = AxisCounts()
        var batch: [String] = []
        var kept = 0
        func look() async throws {
            let identities = batch
            batch = []
            let (states, onlyHere) = try await read { try $0.known(identities, in: sweep.name) }
            response.new += identities.count - states.count
            for state in states.values {
                switch state {
                case .done: response.reused += 1
                case .cancelled, .failed: response.new += 1
                case .pending, .leased, .quarantined: response.queued += 1
                }
            }
            kept += onlyHere
        }
        for planned in try sweep.jobs(contents: request.contents) {
            axes.add(planned)
            response.total += 1
            batch.append(planned.identity)
            if batch.count == Self.batch { try await look() }
        }
        try await look()
        let before = try await read { try $0.pendingOnly(in: sweep.name) }
        response.withdrawn = max(0, before - kept)
        response.axes = axes.counts
        return response
    }

    /// Goes on with submits whose coordinators are gone.
    /// - Parameter before: those not gone on with since then.
    func resumeSubmits(
        before: Double, parse: @Sendable (SubmitRequest) throws -> SweepFile, logger: Logger
    ) async throws {
        while let expansion = try await write({ try $0.adoptExpansion(before: before, now: Date().timeIntervalSince1970) }) {
            logger.notice("going on with the submit of sweep '\(expansion.name)', which was broken off")
            do {
                _ = try await expand(expansion, parse(expansion.request))
            } catch let error as SweepFileError {
                // The catalogue that it was written for knew what this one does not.
                try await write {
                    try $0.abandon(expansion, why: error.description, now: Date().timeIntervalSince1970)
                }
            } catch StoreError.submittedAgain {
                continue
            }
        }
    }

    /// What data sets are, by name, as last reported by a worker or a submit.
    func knownDatasets() async throws -> [String: DatasetContent] { try await read { try $0.knownDatasets() } }

    // MARK: Workers

    /// - Returns: the jobs, and whether others may be had by somebody.
    func lease(
        to worker: WorkerDescription, free: WorkerResources, limit: Int, holding: [String]? = nil, now: Double, duration: Double
    ) async throws -> (jobs: [LeasedJob], isMoreLeft: Bool) {
        if holding == nil, cache.isNoted(worker, now: now), !mayHaveWork.withLock({ $0 }) { return ([], false) }
        let looked = wakes.load(ordering: .acquiring)
        let answer = try await write {
            try $0.lease(to: worker, free: free, limit: limit, holding: holding, now: now, duration: duration)
        }
        // Not if somebody brought work while this one looked.
        if !answer.isMoreLeft {
            mayHaveWork.withLock { if wakes.load(ordering: .acquiring) == looked { $0 = false } }
        }
        return answer
    }

    func heartbeat(
        _ identity: String, _ request: HeartbeatRequest, now: Double, duration: Double
    ) async throws -> LeaseRules.Action {
        try await write { try $0.heartbeat(identity, request, now: now, duration: duration) }
    }

    /// Returns the digest of a checkpoint that is no longer needed.
    func checkpoint(
        _ identity: String, _ request: CheckpointRequest, now: Double
    ) async throws -> (Acknowledgement, unneeded: String?) {
        try await write { try $0.checkpoint(identity, request, now: now) }
    }

    /// - Parameter text: the result's JSON, if it is at hand.
    func complete(
        _ identity: String, _ request: ResultRequest, text: String? = nil, now: Double
    ) async throws -> (Acknowledgement, unneeded: String?) {
        // Outside of the transaction, which is where all requests meet.
        let text = try text ?? Ledger.text(request.result)
        return try await write { try $0.complete(identity, request, text: text, now: now) }
    }

    func fail(_ identity: String, _ request: FailureRequest, now: Double) async throws -> Acknowledgement {
        let jitter = Double.random(in: 0..<1)
        return try await write { try $0.fail(identity, request, now: now, jitter: jitter) }
    }

    func release(_ identity: String, _ request: ReleaseRequest, now: Double) async throws -> Acknowledgement {
        try await write { try $0.release(identity, request, now: now) }
    }

    /// Ends leases that have run out and backoffs that are over.
    func expire(now: Double) async throws {
        // A look first: a transaction that finds nothing to do would still be synced.
        guard try await read({ try $0.isAnythingDue(now: now) }) else { return }
        while try await write({ try $0.expire(now: now) }) == 500 {}
    }

    /// Gives the leases of a former run time to be heard of again.
    func adoptLeases(until: Double) async throws {
        try await write { ledger in
            try ledger.adoptLeases(until: until)
            try ledger.forgetWorkers(now: until)
        }
    }

    // MARK: Operators

    func sweeps() async throws -> [SweepStatus] { try await read { try $0.statuses() } }
    func sweep(_ name: String) async throws -> SweepStatus { try await read { try $0.status(of: name) } }
    func source(of sweep: String) async throws -> SubmitRequest { try await read { try $0.source(of: sweep) } }
    func sweepNames() async throws -> [String] { try await read { try $0.sweepNames() } }
    func jobs(sweep: String, after: Int, limit: Int, state: JobState?) async throws -> JobPage {
        try await read { try $0.jobs(sweep: sweep, after: after, limit: limit, state: state) }
    }
    /// Every job of a sweep with its metrics, to be made a table of.
    func resultRows(sweep: String) async throws -> [ResultRow] { try await read { try $0.resultRows(sweep: sweep) } }
    func job(_ identity: String) async throws -> JobDetail { try await read { try $0.job(identity) } }
    func log(_ identity: String, after: Int64) async throws -> LogPage { try await read { try $0.log(identity, after: after) } }
    func explain(_ identity: String, now: Double) async throws -> Explanation {
        try await read { try $0.explain(identity, now: now) }
    }
    func events(after: Int64, limit: Int, sweep: String?, job: String?) async throws -> EventPage {
        try await read { try $0.events(after: after, limit: limit, sweep: sweep, job: job) }
    }
    func workers() async throws -> [WorkerStatus] { try await read { try $0.workers() } }
    func grid(sweep: String, after: Int, limit: Int) async throws -> JobGrid {
        try await read { try $0.grid(sweep: sweep, after: after, limit: limit) }
    }
    func gridChanges(sweep: String, jobs: [String]) async throws -> [JobGrid.Change] {
        try await read { try $0.gridChanges(sweep: sweep, jobs: jobs) }
    }

    func control(job: String, _ request: ControlRequest, now: Double) async throws -> ControlResponse {
        try await write { try $0.control(job: job, request, now: now) }
    }
    func control(worker: String, _ request: ControlRequest, now: Double) async throws -> ControlResponse {
        try await write { try $0.control(worker: worker, request, now: now) }
    }

    /// Cancelling and retrying goes through the sweep in batches, pausing through what it shares with others.
    func control(sweep name: String, _ request: ControlRequest, now: Double) async throws -> ControlResponse {
        let (id, response) = try await write { try $0.control(sweep: name, request, now: now) }
        var after: Int64? = 0
        if request.action == .pause || request.action == .resume {
            while let place = after { after = try await write { try $0.settleShared(sweep: id, after: place, now: now) } }
        }
        guard request.action == .cancel || request.action == .retry else { return response }
        var changed = 0
        after = 0
        while let place = after {
            let (count, next) = try await write { try $0.control(request.action, sweep: id, after: place, now: now) }
            changed += count
            after = next
        }
        let total = changed
        try await write { $0.logControl(request, sweep: id, changed: total, now: now) }
        return ControlResponse(changed: changed)
    }
}
