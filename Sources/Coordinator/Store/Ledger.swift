import Catalogue
import Foundation
import Sweep
import Wire

/// The store's tables inside one transaction, which the requests that have queued up share. What a request does to a job is decided by
/// ``LeaseRules``, on the record that is loaded and written in the same transaction. Rows are read for all requests together where
/// that is faster, and written together; counters, queues and events are gathered and written once, at the end.
final class Ledger {
    let connection: WriteBuffer
    /// Seconds since 1970 by the store's clock, the same for all of the transaction.
    let now: Double
    let cache: StoreCache
    let rules: LeaseRules

    /// What the requests so far have changed beside rows.
    private struct Tally {
        /// Whether there may be work that was not there before.
        var isWaking = false
        /// Whether backoffs that are over were looked for.
        var isWoken = false
        var events: [[SQLValue]] = []
        var counters: [CounterKey: Int] = [:]
        var queues: [QueueKey: Int] = [:]
        var walls: [QueueKey: (sum: Double, count: Int)] = [:]
        var newClasses: [Int64: JobClass] = [:]
        var notedWorkers: [WorkerDescription] = []
        var heardWorkers: Set<String> = []
        var overtakings: [String: Overtaking?] = [:]
        var sweepRows: [Int64: SweepRow] = [:]
        var ready: [QueueKey: Int]?
        /// As the database had them.
        var storedCounters: [Int64: [JobState: Int]] = [:]
        var lockedSweeps: Set<Int64> = []
        var pausedWorkers: Set<String>?
        /// Trainings of one job each, held for the rest of the transaction.
        var aloneTrainings: Set<Int64> = []
    }

    private var tally = Tally()
    /// Jobs that are held for the rest of the transaction, as they are by now.
    private var entries: [String: JobEntry] = [:]
    /// Those of them that the request at work has changed.
    private var touched: Set<String> = []
    /// The workers, once they were looked at.
    var knownWorkers: [WorkerStatus]?

    var isWaking: Bool {
        get { tally.isWaking }
        set { tally.isWaking = newValue }
    }

    struct CounterKey: Hashable {
        let sweep: Int64
        let state: JobState
    }

    struct QueueKey: Hashable {
        let sweep: Int64
        let jobClass: Int64
    }

    init(_ connection: any SQLConnection, now: Double, cache: StoreCache, rules: LeaseRules = .standard) {
        self.connection = WriteBuffer(connection)
        self.now = now
        self.cache = cache
        self.rules = rules
    }

    // MARK: A transaction's course

    /// Runs one of the requests that share the transaction. When it is refused, nothing of it is kept.
    func request<Result>(_ body: (Ledger) throws -> Result) throws -> Result {
        let before = tally
        touched = []
        do {
            return try connection.request { try body(self) }
        } catch let refusal as StoreError {
            tally = before
            for identity in touched { entries[identity] = nil }
            knownWorkers = nil
            throw refusal
        }
    }

    /// Writes what was gathered. Always in the same order, so that coordinators sharing a database do not wait for
    /// each other in circles.
    func flush(_ database: any JobDatabase) throws {
        for (key, change) in tally.counters.sorted(by: { ($0.key.sweep, $0.key.state.rawValue) < ($1.key.sweep, $1.key.state.rawValue) })
        where change != 0 {
            try connection.add([.integer(key.sweep), .text(key.state.rawValue), .int(change)], to: Self.counterChange)
        }
        for (key, change) in tally.queues.sorted(by: { ($0.key.sweep, $0.key.jobClass) < ($1.key.sweep, $1.key.jobClass) })
        where change != 0 {
            try connection.add([.integer(key.sweep), .integer(key.jobClass), .int(change)], to: Self.queueChange)
        }
        var last = tally.walls.sorted { ($0.key.sweep, $0.key.jobClass) < ($1.key.sweep, $1.key.jobClass) }.map { key, change in
            SQLStatement(
                """
                INSERT INTO queues (sweep, class, ready, wall_sum, wall_count) VALUES (?, ?, 0, ?, ?)
                ON CONFLICT (sweep, class) DO UPDATE SET wall_sum = queues.wall_sum + excluded.wall_sum,
                wall_count = queues.wall_count + excluded.wall_count
                """,
                [.integer(key.sweep), .integer(key.jobClass), .real(change.sum), .int(change.count)])
        }
        if !tally.events.isEmpty {
            // Numbers in the order of commits, or a reader that follows the log would miss some.
            if connection.dialect == .postgres { last.append(SQLStatement("SELECT pg_advisory_xact_lock(7733, 1)")) }
            last += connection.statements(Self.newEvent, tally.events[...])
        }
        if isWaking, let announcement = database.announcement { last.append(announcement) }
        try connection.finish(last)
    }

    private static let counterChange = RowShape.insert(
        "counters", [.integer("sweep"), .text("state"), .integer("count")], keys: 2,
        tail: "ON CONFLICT (sweep, state) DO UPDATE SET count = counters.count + excluded.count")
    private static let queueChange = RowShape.insert(
        "queues", [.integer("sweep"), .integer("class"), .integer("ready")], keys: 2,
        tail: "ON CONFLICT (sweep, class) DO UPDATE SET ready = queues.ready + excluded.ready")
    private static let newEvent = RowShape.insert(
        "events", [.real("at"), .text("who"), .text("what"), .integer("job"), .integer("sweep")])

    /// To be called once the transaction is on disk.
    func committed() {
        cache.remember(tally.newClasses)
        for worker in tally.notedWorkers { cache.note(worker) }
        for instance in tally.heardWorkers { cache.hear(instance) }
        for (instance, overtaking) in tally.overtakings { cache.remember(overtaking, of: instance) }
    }

    /// Inserts rows, many with each statement, and returns what RETURNING in `tail` tells.
    func insertReturning(_ head: String, _ rows: [[SQLValue]], tail: String) throws -> [SQLRow] {
        guard let width = rows.first?.count else { return [] }
        let row = "(" + Array(repeating: "?", count: width).joined(separator: ", ") + ")"
        var result: [SQLRow] = []
        var rest = rows[...]
        while !rest.isEmpty {
            // Few sizes, so that there are few statements to prepare.
            let size = rest.count >= 32 ? 32 : rest.count >= 8 ? 8 : 1
            let values = Array(repeating: row, count: size).joined(separator: ", ")
            result += try connection.rows("\(head) VALUES \(values)\(tail)", rest.prefix(size).flatMap { $0 })
            rest = rest.dropFirst(size)
        }
        return result
    }

    // MARK: Jobs that are at hand

    /// Reads together what a group of requests needs, where every exchange with the database takes its time.
    /// - Parameters:
    ///   - jobs: the identities of the jobs that they are about.
    ///   - finishing: those of them that have a result.
    ///   - isLeasing: whether some ask for work.
    func prepare(jobs: [String], finishing: [String], isLeasing: Bool) throws {
        guard connection.dialect == .postgres, jobs.count + (isLeasing ? 1 : 0) > 1 else {
            if isLeasing { try wakeDue() }
            return
        }
        func these(_ identities: [String]) -> [SQLValue] { [.array(identities.map { .text($0) })] }
        var statements = [SQLStatement("SELECT instance FROM workers WHERE paused = 1")]
        if isLeasing { statements += [Self.wake(now), Self.readReady] }
        // In the order in which everybody holds them.
        if !finishing.isEmpty {
            statements.append(
                SQLStatement(
                    "SELECT id FROM trainings WHERE id IN (SELECT training FROM jobs WHERE identity = ANY(?::text[])) ORDER BY id FOR UPDATE",
                    these(finishing)))
            statements.append(
                SQLStatement(
                    """
                    SELECT training FROM jobs WHERE training IN (SELECT training FROM jobs WHERE identity = ANY(?::text[]))
                    GROUP BY training HAVING count(*) = 1
                    """, these(finishing)))
        }
        if !jobs.isEmpty {
            statements.append(
                SQLStatement("SELECT \(JobEntry.columns) FROM jobs WHERE identity = ANY(?::text[]) ORDER BY id FOR UPDATE", these(jobs)))
        }
        var answers = try connection.answers(statements)[...]
        tally.pausedWorkers = Set(answers.removeFirst().map { $0.text(0) })
        if isLeasing {
            woken(answers.removeFirst())
            takeReady(answers.removeFirst())
        }
        if !finishing.isEmpty {
            answers.removeFirst()
            tally.aloneTrainings = Set(answers.removeFirst().map { $0.integer(0) })
        }
        if !jobs.isEmpty { for row in answers.removeFirst() { hold(JobEntry(row)) } }
    }

    private func hold(_ entry: JobEntry) { entries[entry.identity] = entry }

    /// A job that is at hand.
    func held(_ identity: String) -> JobEntry? { entries[identity] }

    /// A job at hand has been written as it is by now; `nil`: in some other way.
    func changed(_ identity: String, to entry: JobEntry?) {
        guard entries[identity] != nil else { return }
        touched.insert(identity)
        entries[identity] = entry
    }

    /// Whether a training is certain to be one job's alone until the transaction ends.
    func isAlone(_ training: Int64) -> Bool { tally.aloneTrainings.contains(training) }

    /// Jobs may come to these trainings.
    func share(_ trainings: some Sequence<Int64>) { tally.aloneTrainings.subtract(trainings) }

    // MARK: Parts of what is gathered

    /// Puts something on record.
    func log(_ what: String, who: String, job: Int64? = nil, sweep: Int64? = nil) {
        tally.events.append([
            .real(now), .text(who), .text(what), job.map { .integer($0) } ?? .null, sweep.map { .integer($0) } ?? .null,
        ])
    }

    func openAttempt(_ job: Int64, token: Int64, worker: WorkerDescription) throws {
        try connection.add(
            [.integer(job), .integer(token), .text(worker.name), .text(worker.instance), .real(now)], to: Self.newAttempt)
    }

    private static let newAttempt = RowShape.insert(
        "attempts", [.integer("job"), .integer("token"), .text("worker"), .text("instance"), .real("started")], keys: 2)

    func count(_ sweep: Int64, _ state: JobState, _ change: Int) {
        tally.counters[CounterKey(sweep: sweep, state: state), default: 0] += change
    }

    func queue(_ sweep: Int64, _ jobClass: Int64, _ change: Int) {
        let key = QueueKey(sweep: sweep, jobClass: jobClass)
        tally.queues[key, default: 0] += change
        tally.ready?[key, default: 0] += change
        if change > 0 { isWaking = true }
    }

    func countWall(_ sweep: Int64, _ jobClass: Int64, _ seconds: Double) {
        let key = QueueKey(sweep: sweep, jobClass: jobClass)
        let old = tally.walls[key] ?? (0, 0)
        tally.walls[key] = (old.sum + seconds, old.count + 1)
    }

    /// Jobs ready to be given out, by queue.
    func readyQueues() throws -> [QueueKey: Int] {
        if let ready = tally.ready { return ready }
        takeReady(try connection.rows(Self.readReady.sql, []))
        return tally.ready!
    }

    private static let readReady = SQLStatement("SELECT sweep, class, ready FROM queues WHERE ready > 0")

    private func takeReady(_ rows: [SQLRow]) {
        var ready: [QueueKey: Int] = [:]
        for row in rows { ready[QueueKey(sweep: row.integer(0), jobClass: row.integer(1))] = row.int(2) }
        for (key, change) in tally.queues { ready[key, default: 0] += change }
        tally.ready = ready
    }

    /// Jobs of a sweep in a state, this transaction's changes included.
    func counter(_ sweep: Int64, _ state: JobState) throws -> Int {
        if tally.storedCounters[sweep] == nil {
            var counters: [JobState: Int] = [:]
            for row in try connection.rows("SELECT state, count FROM counters WHERE sweep = ?", [.integer(sweep)]) {
                if let state = JobState(rawValue: row.text(0)) { counters[state] = row.int(1) }
            }
            tally.storedCounters[sweep] = counters
        }
        return tally.storedCounters[sweep]![state, default: 0] + tally.counters[CounterKey(sweep: sweep, state: state), default: 0]
    }

    /// Holds a sweep for the rest of the transaction: what is counted of it then stays true.
    func lock(sweep: Int64) throws {
        guard connection.dialect == .postgres, tally.lockedSweeps.insert(sweep).inserted else { return }
        _ = try connection.rows("SELECT id FROM sweeps WHERE id = ? FOR UPDATE", [.integer(sweep)])
        tally.storedCounters[sweep] = nil
    }

    /// Puts jobs whose backoff is over into their queues.
    func wakeDue() throws {
        guard !tally.isWoken else { return }
        let wake = Self.wake(now)
        woken(try connection.rows(wake.sql, wake.arguments))
    }

    private static func wake(_ now: Double) -> SQLStatement {
        SQLStatement(
            """
            UPDATE jobs SET ready = 1 WHERE state = 'pending' AND ready = 0 AND paused = 0 AND awaiting = 0 AND not_before <= ?
            RETURNING sweep, class
            """, [.real(now)])
    }

    private func woken(_ rows: [SQLRow]) {
        tally.isWoken = true
        for row in rows { queue(row.integer(0), row.integer(1), 1) }
    }

    // MARK: Classes

    func jobClass(_ number: Int64) throws -> JobClass {
        if let known = cache.jobClass(number) ?? tally.newClasses[number] { return known }
        guard let row = try connection.row(
            "SELECT \(Self.classColumns) FROM classes WHERE id = ?", [.integer(number)])
        else { throw StoreError.senseless("there is no class of jobs with the number \(number)") }
        let found = JobClass(
            method: row.text(0), dataset: row.text(1), fingerprint: row.text(2), core: row.int(3),
            weights: row.text(4).split(separator: " ").map(String.init),
            usual: JobResources(threads: row.int(5), memory: row.integer(6), gpuMemory: row.integer(7)))
        tally.newClasses[number] = found
        return found
    }

    /// The number of a job's class.
    func classNumber(of job: JobDescription) throws -> Int64 {
        let jobClass = JobClass(job)
        if let known = cache.number(of: jobClass) ?? tally.newClasses.first(where: { $0.value == jobClass })?.key { return known }
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
        tally.newClasses[number] = jobClass
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
        if let known = tally.sweepRows[id] { return known }
        let found = try sweepRow("id = ?", .integer(id))
        guard let found else { throw StoreError.unknownSweep("number \(id)") }
        tally.sweepRows[id] = found
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
    func forgetSweeps() { tally.sweepRows = [:] }

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
        tally.notedWorkers.append(worker)
        tally.pausedWorkers = nil
    }

    /// Remembers that a worker was heard of, unless that was done lately: one that is busy for a day does not ask for work.
    func hear(_ instance: String) throws {
        guard !cache.isHeard(instance), tally.heardWorkers.insert(instance).inserted else { return }
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
        if let known = tally.overtakings[instance] { return known }
        return cache.overtaking(at: instance)
    }

    func remember(_ overtaking: Overtaking?, at instance: String) { tally.overtakings[instance] = .some(overtaking) }

    func isPaused(worker instance: String) throws -> Bool {
        if tally.pausedWorkers == nil {
            tally.pausedWorkers = Set(try connection.rows("SELECT instance FROM workers WHERE paused = 1", []).map { $0.text(0) })
        }
        return tally.pausedWorkers!.contains(instance)
    }

    func forgetPauses() { tally.pausedWorkers = nil }

    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try WireCoding.encode(value), as: UTF8.self)
    }
}
