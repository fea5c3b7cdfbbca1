import Catalogue
import Foundation
import Sweep
import Wire

/// The store's tables inside one transaction. What a request does to a job is decided by ``LeaseRules``, on the record
/// that is loaded and written in the same transaction. Counters, queues and events are gathered and written once, at
/// the end.
///
/// Every method throws ``StoreError`` before it writes anything, or not at all.
final class Ledger {
    let connection: any SQLConnection
    let cache: StoreCache
    let rules: LeaseRules

    /// Whether there may be work that was not there before.
    var isWaking = false

    private var counterChanges: [CounterKey: Int] = [:]
    private var queueChanges: [QueueKey: Int] = [:]
    private var wallChanges: [QueueKey: (sum: Double, count: Int)] = [:]
    private var events: [[SQLValue]] = []
    private var attempts: [[SQLValue]] = []
    private var newClasses: [Int64: JobClass] = [:]
    private var notedWorkers: [(WorkerDescription, Double)] = []
    private var heardWorkers: [String: Double] = [:]
    private var overtakings: [String: Overtaking?] = [:]
    private var sweepRows: [Int64: SweepRow] = [:]
    private var readyByQueue: [QueueKey: Int]?
    private var runningBySweep: [Int64: Int] = [:]
    private var pausedWorkers: Set<String>?
    /// The workers, once they were looked at.
    var knownWorkers: [WorkerStatus]?

    struct CounterKey: Hashable {
        let sweep: Int64
        let state: JobState
    }

    struct QueueKey: Hashable {
        let sweep: Int64
        let jobClass: Int64
    }

    init(_ connection: any SQLConnection, cache: StoreCache, rules: LeaseRules = .standard) {
        self.connection = connection
        self.cache = cache
        self.rules = rules
    }

    // MARK: The end of a transaction

    /// Writes what was gathered. Always in the same order, so that coordinators sharing a database do not wait for
    /// each other in circles.
    func flush(_ database: any JobDatabase) throws {
        try writeAttempts()
        for (key, change) in counterChanges.sorted(by: { ($0.key.sweep, $0.key.state.rawValue) < ($1.key.sweep, $1.key.state.rawValue) })
        where change != 0 {
            try connection.run(
                """
                INSERT INTO counters (sweep, state, count) VALUES (?, ?, ?)
                ON CONFLICT (sweep, state) DO UPDATE SET count = counters.count + excluded.count
                """,
                [.integer(key.sweep), .text(key.state.rawValue), .int(change)])
        }
        for (key, change) in queueChanges.sorted(by: { ($0.key.sweep, $0.key.jobClass) < ($1.key.sweep, $1.key.jobClass) })
        where change != 0 {
            try connection.run(
                """
                INSERT INTO queues (sweep, class, ready) VALUES (?, ?, ?)
                ON CONFLICT (sweep, class) DO UPDATE SET ready = queues.ready + excluded.ready
                """,
                [.integer(key.sweep), .integer(key.jobClass), .int(change)])
        }
        for (key, change) in wallChanges.sorted(by: { ($0.key.sweep, $0.key.jobClass) < ($1.key.sweep, $1.key.jobClass) }) {
            try connection.run(
                """
                INSERT INTO queues (sweep, class, ready, wall_sum, wall_count) VALUES (?, ?, 0, ?, ?)
                ON CONFLICT (sweep, class) DO UPDATE SET wall_sum = queues.wall_sum + excluded.wall_sum,
                wall_count = queues.wall_count + excluded.wall_count
                """,
                [.integer(key.sweep), .integer(key.jobClass), .real(change.sum), .int(change.count)])
        }
        if !events.isEmpty, connection.dialect == .postgres {
            // Numbers in the order of commits, or a reader that follows the log would miss some.
            _ = try connection.rows("SELECT pg_advisory_xact_lock(7733, 1)", [])
        }
        try insert("INSERT INTO events (at, who, what, job, sweep)", events)
        if isWaking { try database.announce(connection) }
    }

    /// To be called once the transaction is on disk.
    func committed() {
        cache.remember(newClasses)
        for (worker, now) in notedWorkers { cache.note(worker, now: now) }
        for (worker, now) in heardWorkers { cache.hear(worker, now: now) }
        for (worker, overtaking) in overtakings { cache.remember(overtaking, of: worker) }
    }

    /// Inserts rows, many with each statement.
    func insert(_ head: String, _ rows: [[SQLValue]], tail: String = "") throws {
        try inChunks(head, rows, tail: tail) { try connection.run($0, $1) }
    }

    /// Inserts rows and returns what RETURNING in `tail` tells.
    func insertReturning(_ head: String, _ rows: [[SQLValue]], tail: String) throws -> [SQLRow] {
        var result: [SQLRow] = []
        try inChunks(head, rows, tail: tail) { result += try connection.rows($0, $1) }
        return result
    }

    /// Few sizes of chunks, so that there are few statements to prepare.
    private func inChunks(
        _ head: String, _ rows: [[SQLValue]], tail: String, _ body: (String, [SQLValue]) throws -> Void
    ) throws {
        guard let width = rows.first?.count else { return }
        let row = "(" + Array(repeating: "?", count: width).joined(separator: ", ") + ")"
        var rest = rows[...]
        while !rest.isEmpty {
            let size = rest.count >= 32 ? 32 : rest.count >= 8 ? 8 : 1
            let values = Array(repeating: row, count: size).joined(separator: ", ")
            try body("\(head) VALUES \(values)\(tail)", rest.prefix(size).flatMap { $0 })
            rest = rest.dropFirst(size)
        }
    }

    // MARK: Parts of what is gathered

    func log(_ what: String, who: String, job: Int64? = nil, sweep: Int64? = nil, at: Double) {
        events.append([
            .real(at), .text(who), .text(what), job.map { .integer($0) } ?? .null, sweep.map { .integer($0) } ?? .null,
        ])
    }

    func openAttempt(_ job: Int64, token: Int64, worker: String, at: Double) {
        attempts.append([.integer(job), .integer(token), .text(worker), .real(at)])
    }

    /// Attempts of this transaction must be in their table before anything is said of them.
    func writeAttempts() throws {
        guard !attempts.isEmpty else { return }
        try insert("INSERT INTO attempts (job, token, worker, started)", attempts)
        attempts = []
    }

    func count(_ sweep: Int64, _ state: JobState, _ change: Int) {
        counterChanges[CounterKey(sweep: sweep, state: state), default: 0] += change
        if state == .leased { runningBySweep[sweep]? += change }
    }

    func queue(_ sweep: Int64, _ jobClass: Int64, _ change: Int) {
        let key = QueueKey(sweep: sweep, jobClass: jobClass)
        queueChanges[key, default: 0] += change
        readyByQueue?[key, default: 0] += change
        if change > 0 { isWaking = true }
    }

    func countWall(_ sweep: Int64, _ jobClass: Int64, _ seconds: Double) {
        let key = QueueKey(sweep: sweep, jobClass: jobClass)
        let old = wallChanges[key] ?? (0, 0)
        wallChanges[key] = (old.sum + seconds, old.count + 1)
    }

    /// Jobs ready to be given out, by queue.
    func readyQueues() throws -> [QueueKey: Int] {
        if let readyByQueue { return readyByQueue }
        var ready: [QueueKey: Int] = [:]
        for row in try connection.rows("SELECT sweep, class, ready FROM queues WHERE ready > 0", []) {
            ready[QueueKey(sweep: row.integer(0), jobClass: row.integer(1))] = row.int(2)
        }
        for (key, change) in queueChanges { ready[key, default: 0] += change }
        readyByQueue = ready
        return ready
    }

    /// Jobs of a sweep in a state, this transaction's changes included.
    func counter(_ sweep: Int64, _ state: JobState) throws -> Int {
        let stored = try connection.row(
            "SELECT count FROM counters WHERE sweep = ? AND state = ?", [.integer(sweep), .text(state.rawValue)])
        return (stored?.int(0) ?? 0) + counterChanges[CounterKey(sweep: sweep, state: state), default: 0]
    }

    /// Jobs of a sweep under lease, read once.
    func running(_ sweep: Int64) throws -> Int {
        if let known = runningBySweep[sweep] { return known }
        let count = try counter(sweep, .leased)
        runningBySweep[sweep] = count
        return count
    }

    // MARK: Classes

    func jobClass(_ number: Int64) throws -> JobClass {
        if let known = cache.jobClass(number) ?? newClasses[number] { return known }
        guard let row = try connection.row(
            "SELECT \(Self.classColumns) FROM classes WHERE id = ?", [.integer(number)])
        else { throw StoreError.senseless("there is no class of jobs with the number \(number)") }
        let found = JobClass(
            method: row.text(0), dataset: row.text(1), fingerprint: row.text(2), core: row.int(3),
            weights: row.text(4).split(separator: " ").map(String.init),
            usual: JobResources(threads: row.int(5), memory: row.integer(6), gpuMemory: row.integer(7)))
        newClasses[number] = found
        return found
    }

    /// The number of a job's class.
    func classNumber(of job: JobDescription) throws -> Int64 {
        let jobClass = JobClass(job)
        if let known = cache.number(of: jobClass) ?? newClasses.first(where: { $0.value == jobClass })?.key { return known }
        let arguments: [SQLValue] = [
            .text(jobClass.method), .text(jobClass.dataset), .text(jobClass.fingerprint), .int(jobClass.core),
            .text(jobClass.weights.joined(separator: " ")), .int(jobClass.usual.threads), .integer(jobClass.usual.memory),
            .integer(jobClass.usual.gpuMemory),
        ]
        let nominal: SQLValue = Machine.core.nominalSeconds(job).map { .real($0) } ?? .null
        try connection.run(
            "INSERT INTO classes (\(Self.classColumns), nominal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            arguments + [nominal])
        let number = try connection.row(
            """
            SELECT id FROM classes WHERE method = ? AND dataset = ? AND fingerprint = ? AND core = ? AND weights = ?
            AND threads = ? AND memory = ? AND gpu_memory = ?
            """, arguments)!.integer(0)
        newClasses[number] = jobClass
        return number
    }

    private static let classColumns = "method, dataset, fingerprint, core, weights, threads, memory, gpu_memory"

    // MARK: Sweeps

    struct SweepRow {
        let id: Int64
        let name: String
        let policy: StoreCache.Policy
        let priority: Int
        /// Whether an operator has ever changed a single job's place.
        let isBoosted: Bool
        let isPaused: Bool
        let revision: Int
    }

    func sweep(_ id: Int64) throws -> SweepRow {
        if let known = sweepRows[id] { return known }
        let found = try sweepRow("id = ?", .integer(id))
        guard let found else { throw StoreError.unknownSweep("number \(id)") }
        sweepRows[id] = found
        return found
    }

    func sweep(named name: String) throws -> SweepRow {
        guard let found = try sweepRow("name = ?", .text(name)) else { throw StoreError.unknownSweep(name) }
        return found
    }

    private func sweepRow(_ condition: String, _ argument: SQLValue) throws -> SweepRow? {
        try connection.row(
            "SELECT id, name, policy, priority, boosted, paused, revision FROM sweeps WHERE \(condition)", [argument]
        ).map { row in
            SweepRow(
                id: row.integer(0), name: row.text(1), policy: try cache.policy(row.text(2)), priority: row.int(3),
                isBoosted: row.flag(4), isPaused: row.flag(5), revision: row.int(6))
        }
    }

    /// What is known of sweeps is no longer true.
    func forgetSweeps() { sweepRows = [:] }

    // MARK: Workers

    /// Remembers what a worker says of itself, and the data sets it has, unless that was done lately.
    func note(_ worker: WorkerDescription, now: Double) throws {
        guard !cache.isNoted(worker, now: now) else { return }
        try connection.run(
            """
            INSERT INTO workers (name, description, platform, seen) VALUES (?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET description = excluded.description, platform = excluded.platform, seen = excluded.seen
            """,
            [.text(worker.name), .text(try Self.text(worker)), .text(try EngineText.text(worker.platform)), .real(now)])
        for (name, content) in worker.datasets.sorted(by: { $0.key < $1.key }) { try remember(name, content) }
        notedWorkers.append((worker, now))
    }

    /// Remembers that a worker was heard of, unless that was done lately: one that is busy for a day does not ask for work.
    func hear(_ worker: String, now: Double) throws {
        guard !cache.isHeard(worker, now: now), heardWorkers.updateValue(now, forKey: worker) == nil else { return }
        try connection.run("UPDATE workers SET seen = ? WHERE name = ? AND seen < ?", [.real(now), .text(worker), .real(now)])
    }

    func remember(_ dataset: String, _ content: DatasetContent) throws {
        try connection.run(
            """
            INSERT INTO datasets (name, fingerprint, color) VALUES (?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint, color = excluded.color
            WHERE datasets.fingerprint <> excluded.fingerprint OR datasets.color <> excluded.color
            """,
            [.text(dataset), .text(content.fingerprint), .text(content.color.rawValue)])
    }

    /// What is remembered of jobs that a worker's other jobs have overtaken.
    func overtaking(at worker: String) -> Overtaking? {
        if let known = overtakings[worker] { return known }
        return cache.overtaking(at: worker)
    }

    func remember(_ overtaking: Overtaking?, at worker: String) { overtakings[worker] = .some(overtaking) }

    func isPaused(worker: String) throws -> Bool {
        if pausedWorkers == nil {
            pausedWorkers = Set(try connection.rows("SELECT name FROM workers WHERE paused = 1", []).map { $0.text(0) })
        }
        return pausedWorkers!.contains(worker)
    }

    func forgetWorkers() { pausedWorkers = nil }

    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try WireCoding.encode(value), as: UTF8.self)
    }
}
