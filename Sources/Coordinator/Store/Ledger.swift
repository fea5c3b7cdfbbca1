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
    /// Seconds since 1970 by the store's clock, the same for all of the transaction.
    let now: Double
    let cache: StoreCache
    let rules: LeaseRules

    /// Whether there may be work that was not there before.
    var isWaking = false

    private var counterChanges: [CounterKey: Int] = [:]
    private var queueChanges: [QueueKey: Int] = [:]
    private var wallChanges: [Int64: (sum: Double, count: Int)] = [:]
    private var events: [[SQLValue]] = []
    private var attempts: [[SQLValue]] = []
    private var newClasses: [Int64: JobClass] = [:]
    private var notedWorkers: [WorkerDescription] = []
    private var heardWorkers: Set<String> = []
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

    init(_ connection: any SQLConnection, now: Double, cache: StoreCache, rules: LeaseRules = .standard) {
        self.connection = connection
        self.now = now
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
        for (sweep, change) in wallChanges.sorted(by: { $0.key < $1.key }) {
            try connection.run(
                "UPDATE sweeps SET wall_sum = wall_sum + ?, wall_count = wall_count + ? WHERE id = ?",
                [.real(change.sum), .int(change.count), .integer(sweep)])
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
        for worker in notedWorkers { cache.note(worker) }
        for instance in heardWorkers { cache.hear(instance) }
        for (instance, overtaking) in overtakings { cache.remember(overtaking, of: instance) }
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

    func log(_ what: String, who: String, job: Int64? = nil, sweep: Int64? = nil) {
        events.append([
            .real(now), .text(who), .text(what), job.map { .integer($0) } ?? .null, sweep.map { .integer($0) } ?? .null,
        ])
    }

    func openAttempt(_ job: Int64, token: Int64, worker: WorkerDescription) {
        attempts.append([.integer(job), .integer(token), .text(worker.name), .text(worker.instance), .real(now)])
    }

    /// Attempts of this transaction must be in their table before anything is said of them.
    func writeAttempts() throws {
        guard !attempts.isEmpty else { return }
        try insert("INSERT INTO attempts (job, token, worker, instance, started)", attempts)
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

    func countWall(_ sweep: Int64, _ seconds: Double) {
        let old = wallChanges[sweep] ?? (0, 0)
        wallChanges[sweep] = (old.sum + seconds, old.count + 1)
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

    func number(of jobClass: JobClass) throws -> Int64 {
        if let known = cache.number(of: jobClass) ?? newClasses.first(where: { $0.value == jobClass })?.key { return known }
        let arguments: [SQLValue] = [
            .text(jobClass.method), .text(jobClass.dataset), .text(jobClass.fingerprint), .int(jobClass.core),
            .text(jobClass.weights.joined(separator: " ")), .int(jobClass.usual.threads), .integer(jobClass.usual.memory),
            .integer(jobClass.usual.gpuMemory),
        ]
        try connection.run(
            "INSERT INTO classes (\(Self.classColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", arguments)
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

    /// Remembers what a worker says of itself, and the data sets it has, unless that was done lately. One that starts anew under a
    /// name of which all are paused is paused as well.
    func note(_ worker: WorkerDescription) throws {
        guard !cache.isNoted(worker) else { return }
        try connection.run(
            """
            INSERT INTO workers (instance, name, description, platform, seen, paused)
            VALUES (?, ?, ?, ?, ?, (SELECT coalesce(min(paused), 0) FROM workers WHERE name = ?))
            ON CONFLICT (instance) DO UPDATE SET name = excluded.name, description = excluded.description, platform = excluded.platform,
                seen = excluded.seen
            """,
            [.text(worker.instance), .text(worker.name), .text(try Self.text(worker)), .text(try EngineText.text(worker.platform)), .real(now), .text(worker.name)])
        for (name, content) in worker.datasets.sorted(by: { $0.key < $1.key }) { try remember(name, content) }
        notedWorkers.append(worker)
        pausedWorkers = nil
    }

    /// Remembers that a worker was heard of, unless that was done lately: one that is busy for a day does not ask for work.
    func hear(_ instance: String) throws {
        guard !cache.isHeard(instance), heardWorkers.insert(instance).inserted else { return }
        try connection.run("UPDATE workers SET seen = ? WHERE instance = ? AND seen < ?", [.real(now), .text(instance), .real(now)])
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
    func overtaking(at instance: String) -> Overtaking? {
        if let known = overtakings[instance] { return known }
        return cache.overtaking(at: instance)
    }

    func remember(_ overtaking: Overtaking?, at instance: String) { overtakings[instance] = .some(overtaking) }

    func isPaused(worker instance: String) throws -> Bool {
        if pausedWorkers == nil {
            pausedWorkers = Set(try connection.rows("SELECT instance FROM workers WHERE paused = 1", []).map { $0.text(0) })
        }
        return pausedWorkers!.contains(instance)
    }

    func forgetPauses() { pausedWorkers = nil }

    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try WireCoding.encode(value), as: UTF8.self)
    }
}
