import Catalogue
import Foundation
import Logging
import Sweep
import Synchronization
import Wire

/// Keeps sweeps, jobs, leases and results. A call that returns has its changes on disk. What is done is said by
/// ``Ledger``, once for every database; this is its door for concurrent requests.
final class JobStore: Sendable {
    let database: any JobDatabase
    private let writer: GroupedWriter
    private let cache: StoreCache
    /// Whether the last lease left jobs behind. When it did not, a look costs less than a transaction.
    private let mayHaveWork = Mutex(true)
    private let wakes = Atomic(0)
    private let knownInstance = Mutex<String?>(nil)
    private let waking: @Sendable () -> Void

    /// - Parameter waking: is called whenever there may be work that was not there before.
    init(_ database: any JobDatabase, waking: @escaping @Sendable () -> Void) {
        self.database = database
        self.waking = waking
        let cache = StoreCache(clock: database.localClock)
        self.cache = cache
        writer = GroupedWriter(database) { Ledger($0, now: $1, cache: cache) }
        database.listen { [weak self] in self?.wake() }
    }

    private func write<Result: Sendable>(
        _ subject: GroupedWriter.Subject = .other, _ body: @escaping @Sendable (Ledger) throws -> Result
    ) async throws -> Result {
        let (result, isWaking) = try await writer.write(subject) { ledger in
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
        return try await database.read { try body(Ledger($0, now: $1, cache: cache)) }
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
            try ledger.connection.run("INSERT INTO workers (instance, name, description, platform, seen) VALUES (?, '', '', '', 0)", [name])
            try ledger.connection.run("DELETE FROM workers WHERE instance = ?", [name])
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
    func figures() async throws -> StoreFigures { try await read { try $0.figures() } }

    /// Lets go of files and connections; the store is not used any more.
    func close() { database.close() }

    // MARK: Submitting

    /// Jobs written in one transaction, so that a large sweep keeps nobody waiting.
    private static let batch = 500

    /// Submits a sweep's jobs, made one by one and written in batches. One that is refused leaves nothing.
    func submit(_ sweep: SweepFile, _ request: SubmitRequest) async throws -> SubmitResponse {
        let jobs = try sweep.jobs(contents: request.contents)
        let expansion = try await write { try $0.beginSubmit(sweep, request) }
        return try await expand(expansion, jobs)
    }

    private func expand(_ expansion: Expansion, _ jobs: JobSequence) async throws -> SubmitResponse {
        var axes = AxisCounts()
        var total = 0
        var added = Ledger.Added()
        var batch: [PlannedJob] = []
        func add() async throws {
            let jobs = batch
            batch = []
            guard !jobs.isEmpty else { return }
            added += try await write { try $0.add(jobs, to: expansion) }
        }
        for planned in jobs {
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
                try $0.withdraw(from: expansion, after: place)
            }
            withdrawn += count
            after = next
        }
        let (all, new) = (total, added.new)
        try await write { try $0.endSubmit(expansion, total: all, new: new) }
        return SubmitResponse(
            sweep: expansion.name, revision: expansion.revision, total: total, new: added.new, reused: added.reused, queued: added.queued,
            withdrawn: withdrawn, axes: axes.counts)
    }

    /// Counts what a submit would do.
    func plan(_ sweep: SweepFile, _ request: SubmitRequest) async throws -> SubmitResponse {
        let revision = try await read { try $0.revision(of: sweep.name) } + 1
        var response = SubmitResponse(sweep: sweep.name, revision: revision, total: 0, new: 0, reused: 0, queued: 0, withdrawn: 0, axes: [:])
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
                case .cancelled: response.new += 1
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
        let before = try await read { try $0.unfinishedOnly(in: sweep.name) }
        response.withdrawn = max(0, before - kept)
        response.axes = axes.counts
        return response
    }

    /// Goes on with submits whose coordinators are gone.
    /// - Parameter idle: those that nobody went on with for so many seconds.
    func resumeSubmits(
        idleFor idle: Double, parse: @Sendable (SubmitRequest) throws -> SweepFile, logger: Logger
    ) async throws {
        while let expansion = try await write(.other, { try $0.adoptExpansion(idleFor: idle) }) {
            logger.notice("going on with the submit of sweep '\(expansion.name)', which was broken off")
            do {
                _ = try await expand(expansion, parse(expansion.request).jobs(contents: expansion.request.contents))
            } catch let error as SweepFileError {
                // The catalogue that it was written for knew what this one does not.
                try await write {
                    try $0.abandon(expansion, why: error.description)
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
        to worker: WorkerDescription, free: WorkerResources, limit: Int, holding: [String]? = nil, duration: Double
    ) async throws -> (jobs: [LeasedJob], isMoreLeft: Bool) {
        if holding == nil, cache.isNoted(worker), !mayHaveWork.withLock({ $0 }) { return ([], false) }
        let looked = wakes.load(ordering: .acquiring)
        let answer = try await write(.lease) {
            try $0.lease(to: worker, free: free, limit: limit, holding: holding, duration: duration)
        }
        // Not if somebody brought work while this one looked.
        if !answer.isMoreLeft {
            mayHaveWork.withLock { if wakes.load(ordering: .acquiring) == looked { $0 = false } }
        }
        return answer
    }

    func heartbeat(
        _ identity: String, _ request: HeartbeatRequest, duration: Double
    ) async throws -> LeaseRules.Action {
        try await write(.job(identity, isFinishing: false)) { try $0.heartbeat(identity, request, duration: duration) }
    }

    /// Returns the digest of a checkpoint that is no longer needed.
    func checkpoint(
        _ identity: String, _ request: CheckpointRequest
    ) async throws -> (Acknowledgement, unneeded: String?) {
        try await write(.job(identity, isFinishing: false)) { try $0.checkpoint(identity, request) }
    }

    /// - Parameter text: the result's JSON, if it is at hand.
    func complete(
        _ identity: String, _ request: ResultRequest, text: String? = nil
    ) async throws -> (Acknowledgement, unneeded: String?) {
        // Outside of the transaction, which is where all requests meet.
        let text = try text ?? Ledger.text(request.result)
        return try await write(.job(identity, isFinishing: true)) { try $0.complete(identity, request, text: text) }
    }

    func fail(_ identity: String, _ request: FailureRequest) async throws -> Acknowledgement {
        let jitter = Double.random(in: 0..<1)
        return try await write(.job(identity, isFinishing: false)) { try $0.fail(identity, request, jitter: jitter) }
    }

    func release(_ identity: String, _ request: ReleaseRequest) async throws -> Acknowledgement {
        try await write(.job(identity, isFinishing: false)) { try $0.release(identity, request) }
    }

    /// Ends leases that have run out and backoffs that are over.
    func expire() async throws {
        // A look first: a transaction that finds nothing to do would still be synced.
        guard try await read({ try $0.isAnythingDue() }) else { return }
        while try await write(.other, { try $0.expire() }) == 500 {}
    }

    /// Gives the leases of a former run time to be heard of again.
    func adoptLeases(duration: Double) async throws {
        try await write { ledger in
            try ledger.adoptLeases(duration: duration)
            try ledger.forgetWorkers()
        }
    }

    /// Whether a lease of a job names a file: the checkpoint to go on from, or the weights to score.
    func isNamed(_ digest: String, byLeaseOf identity: String, token: Int64) async throws -> Bool {
        try await read { try $0.isNamed(digest, byLeaseOf: identity, token: token) }
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
    func explain(_ identity: String) async throws -> Explanation {
        try await read { try $0.explain(identity) }
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

    func control(job: String, _ request: ControlRequest) async throws -> ControlResponse {
        try await write { try $0.control(job: job, request) }
    }
    func control(worker: String, _ request: ControlRequest) async throws -> ControlResponse {
        try await write { try $0.control(worker: worker, request) }
    }

    /// Cancelling and retrying goes through the sweep in batches, pausing through what it shares with others.
    func control(sweep name: String, _ request: ControlRequest) async throws -> ControlResponse {
        let (id, response) = try await write { try $0.control(sweep: name, request) }
        var after: Int64? = 0
        if request.action == .pause || request.action == .resume {
            while let place = after { after = try await write { try $0.settleShared(sweep: id, after: place) } }
        }
        guard request.action == .cancel || request.action == .retry else { return response }
        var changed = 0
        after = 0
        while let place = after {
            let (count, next) = try await write { try $0.control(request.action, sweep: id, after: place) }
            changed += count
            after = next
        }
        let total = changed
        try await write { $0.logControl(request, sweep: id, changed: total) }
        return ControlResponse(changed: changed)
    }
}
