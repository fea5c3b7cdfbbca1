import Catalogue
import Sweep

/// A job's row as the rules need it.
struct JobEntry {
    let id: Int64
    let identity: String
    var sweep: Int64
    let jobClass: Int64
    /// How many sweeps hold the job, `sweep` among them if any does.
    var holders: Int
    /// Whether the row stands in its queue.
    private(set) var isReady: Bool
    /// What the job trains; `nil`: nothing.
    let training: Int64?
    /// The record that the row has in the database, or will have once what waits is written.
    private(set) var storedRecord: JobRecord
    var record: JobRecord

    /// The state that the row has in the database.
    var stored: JobState { storedRecord.state }

    static let columns = """
        id, identity, sweep, class, holders, ready, state, token, failed_attempts, worker, expires, not_before, checkpoint, \
        checkpoint_work, checkpoint_engine, ended_token, result_token, paused, training, awaiting, instance, lost_leases
        """
    /// How many these are.
    static let width = 22

    init(_ row: SQLRow) {
        id = row.integer(0)
        identity = row.text(1)
        sweep = row.integer(2)
        jobClass = row.integer(3)
        holders = row.int(4)
        isReady = row.flag(5)
        training = row.isNull(18) ? nil : row.integer(18)
        storedRecord = JobRecord(
            state: JobState(rawValue: row.text(6)) ?? .cancelled, token: row.integer(7), failedAttempts: row.int(8), lostLeases: row.int(21),
            hold: row.optionalText(9).map { .init(worker: $0, instance: row.text(20), expires: row.real(10)) }, notBefore: row.real(11),
            checkpoint: row.optionalText(12).flatMap { sha256 in
                EngineText.read(row.text(14)).map { .init(sha256: sha256, work: row.int(13), engine: $0) }
            }, endedToken: row.integer(15), resultToken: row.integer(16), isPaused: row.flag(17), isAwaitingTraining: row.flag(19))
        record = storedRecord
    }
}

extension JobEntry {
    /// The same once it is written as it is.
    func written(isReady: Bool) -> JobEntry {
        var entry = self
        entry.storedRecord = record
        entry.isReady = isReady
        return entry
    }
}

extension Ledger {
    /// The job, held for the rest of the transaction.
    /// - Throws: ``StoreError/unknownJob(_:)``
    func entry(_ identity: String) throws -> JobEntry {
        if let entry = held(identity) { return entry }
        return try entry("identity", .text(identity)).orThrow(StoreError.unknownJob(identity))
    }

    /// The same by the job's number, which came from another row of the database.
    func entry(_ id: Int64) throws -> JobEntry {
        try entry("id", .integer(id)).orThrow(StoreError.unknownJob("number \(id)"))
    }

    private func entry(_ column: String, _ value: SQLValue) throws -> JobEntry? {
        try connection.row("SELECT \(JobEntry.columns) FROM jobs WHERE \(column) = ?" + connection.dialect.holding, [value])
            .map(JobEntry.init)
    }

    /// Writes what the rules made of a record, and the counters and queues with it.
    func save(_ entry: JobEntry) throws {
        let record = entry.record
        let isReady = record.state == .pending && !record.isPaused && !record.isAwaitingTraining && record.notBefore <= now
        try connection.add(
            [
                .integer(entry.id), .text(record.state.rawValue), .flag(isReady), .integer(record.token), .int(record.failedAttempts),
                .int(record.lostLeases), .text(record.hold?.worker), .text(record.hold?.instance), .real(record.hold?.expires),
                .real(record.notBefore), .integer(record.endedToken), .integer(record.resultToken), .flag(record.isPaused),
                .flag(record.isAwaitingTraining),
            ], to: Self.changedRecord)
        changed(entry.identity, to: entry.written(isReady: isReady))
        if record.checkpoint != entry.storedRecord.checkpoint { try keep(record.checkpoint, of: entry.id) }
        if entry.stored == .leased, record.state == .pending {
            try connection.run("UPDATE jobs SET idle_since = ? WHERE id = ?", [.real(now), .integer(entry.id)])
        }
        // Whoever has it will be told to stop, and says no more of it.
        if entry.stored == .leased, record.state == .cancelled { try endAttempt(entry.id, record.token, "cancelled") }
        try moved(entry, to: record.state, isReady: isReady)
        try followTraining(of: entry)
    }

    private static let changedRecord = RowShape.update(
        "jobs", "record", keys: [.integer("id")],
        set: [
            .text("state"), .integer("ready"), .integer("token"), .integer("failed_attempts"), .integer("lost_leases"), .text("worker"),
            .text("instance"), .real("expires"), .real("not_before"), .integer("ended_token"), .integer("result_token"),
            .integer("paused"), .integer("awaiting"),
        ])

    private func keep(_ checkpoint: JobRecord.Checkpoint?, of job: Int64) throws {
        try connection.run(
            "UPDATE jobs SET checkpoint = ?, checkpoint_work = ?, checkpoint_engine = ?, platform = ? WHERE id = ?",
            [
                .text(checkpoint?.sha256), .int(checkpoint?.work), .text(try checkpoint.map { try EngineText.text($0.engine) }),
                .text(try checkpoint.map { try EngineText.text($0.engine.platform) }), .integer(job),
            ])
    }

    /// Brings counters and queues up to date with a changed row.
    func moved(_ entry: JobEntry, to state: JobState, isReady: Bool) throws {
        if isReady != entry.isReady { queue(entry.sweep, entry.jobClass, isReady ? 1 : -1) }
        guard state != entry.stored else { return }
        for sweep in try sweeps(holding: entry) {
            count(sweep, entry.stored, -1)
            count(sweep, state, 1)
        }
    }

    /// The sweeps that hold a job.
    func sweeps(holding entry: JobEntry) throws -> [Int64] {
        guard entry.holders > 1 else { return entry.holders == 1 ? [entry.sweep] : [] }
        return try connection.rows("SELECT sweep FROM sweep_jobs WHERE job = ?", [.integer(entry.id)]).map { $0.integer(0) }
    }

    /// The digest, if no job refers to it any more.
    func unneeded(_ digest: String?) throws -> String? {
        guard let digest else { return nil }
        let isNeeded = try connection.row(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM jobs WHERE checkpoint = ?)
            OR EXISTS (SELECT 1 FROM result_files WHERE sha256 = ?)
            """,
            [.text(digest), .text(digest)])
        return isNeeded == nil ? digest : nil
    }

    /// Runs a rule and tells its refusal as the store's.
    func ruled<Result>(_ body: () throws(LeaseRules.Refusal) -> Result) throws -> Result {
        do throws(LeaseRules.Refusal) {
            return try body()
        } catch {
            throw StoreError.refused(error)
        }
    }
}
