import Catalogue
import Foundation
import GRDB
import Sweep
import Wire

/// The store in one SQLite file: write-ahead log, one writer, every commit synced.
final class SQLiteStore: JobStore {
    /// Raised with every migration.
    static let schemaVersion = 1

    let pool: DatabasePool
    let writer: GroupedWriter
    private let folder: StateFolder

    /// Opens or makes the database of a state folder.
    /// - Throws: ``CoordinatorError`` when a newer program has written it or it cannot be opened.
    init(_ folder: StateFolder) throws {
        self.folder = folder
        try SQLiteStore.refuseNewer(folder)
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            pool = try DatabasePool(path: folder.database.path, configuration: configuration)
            try SQLiteStore.migrator.migrate(pool)
            try pool.write { try $0.execute(sql: "PRAGMA user_version = \(SQLiteStore.schemaVersion)") }
        } catch {
            throw CoordinatorError(
                .unwritable, "cannot open '\(folder.database.path)': \(error); mend it, or choose another folder with --state")
        }
        writer = GroupedWriter(pool)
    }

    /// Looks at the version before anything is written.
    private static func refuseNewer(_ folder: StateFolder) throws(CoordinatorError) {
        guard let file = FileHandle(forReadingAtPath: folder.database.path) else { return }
        defer { try? file.close() }
        // `user_version` stands at byte 60 of the file, big-endian; an open log may hold a newer page, which then is
        // one of this program's.
        guard let header = try? file.read(upToCount: 64), header.count == 64 else { return }
        let version = header[60..<64].reduce(0) { $0 << 8 | Int($1) }
        if version > schemaVersion {
            throw CoordinatorError(
                .newerState, "the state folder '\(folder.url.path)' was written by a newer medsweep (schema \(version), this one knows \(schemaVersion)); use that version, or another folder with --state")
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: """
                CREATE TABLE sweeps (
                    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, source TEXT NOT NULL, policy TEXT NOT NULL,
                    submitted REAL NOT NULL, revision INTEGER NOT NULL);
                CREATE TABLE jobs (
                    identity TEXT PRIMARY KEY, job TEXT NOT NULL, method TEXT NOT NULL, dataset TEXT NOT NULL,
                    fingerprint TEXT NOT NULL, core INTEGER NOT NULL, sweep INTEGER NOT NULL REFERENCES sweeps(id),
                    priority INTEGER NOT NULL, position INTEGER NOT NULL,
                    state TEXT NOT NULL, token INTEGER NOT NULL, failed_attempts INTEGER NOT NULL, worker TEXT,
                    expires REAL, not_before REAL NOT NULL, checkpoint TEXT, checkpoint_epoch INTEGER,
                    ended_token INTEGER NOT NULL, result_token INTEGER NOT NULL,
                    progress TEXT, share REAL NOT NULL DEFAULT 0, result TEXT, wall REAL, finished REAL
                ) WITHOUT ROWID;
                CREATE INDEX jobs_pending ON jobs (priority DESC, sweep, position) WHERE state = 'pending';
                CREATE INDEX jobs_leased ON jobs (expires) WHERE state = 'leased';
                CREATE TABLE sweep_jobs (
                    sweep INTEGER NOT NULL REFERENCES sweeps(id), identity TEXT NOT NULL REFERENCES jobs(identity),
                    position INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (sweep, identity)
                ) WITHOUT ROWID;
                CREATE INDEX sweep_jobs_position ON sweep_jobs (sweep, position);
                CREATE INDEX sweep_jobs_identity ON sweep_jobs (identity);
                CREATE TABLE counters (
                    sweep INTEGER NOT NULL, state TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (sweep, state)
                ) WITHOUT ROWID;
                CREATE TABLE attempts (
                    identity TEXT NOT NULL, token INTEGER NOT NULL, worker TEXT NOT NULL, started REAL NOT NULL,
                    ended REAL, outcome TEXT, error TEXT, log_tail TEXT, signal INTEGER,
                    PRIMARY KEY (identity, token)
                ) WITHOUT ROWID;
                CREATE TABLE result_files (
                    sha256 TEXT NOT NULL, identity TEXT NOT NULL, PRIMARY KEY (sha256, identity)
                ) WITHOUT ROWID;
                CREATE TABLE datasets (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE events (
                    id INTEGER PRIMARY KEY, at REAL NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
                    job TEXT, sweep TEXT);
                """)
        }
        return migrator
    }

    func checkWritable() async throws {
        try await writer.write { try $0.execute(sql: "UPDATE counters SET count = count WHERE sweep = -1") }
    }

    /// Readers first: the writer, closing last, folds the log into the database file and removes it. Whatever read is
    /// still under way makes that the next start's task.
    func close() {
        pool.invalidateReadOnlyConnections()
        try? pool.close()
    }

    // MARK: Records

    /// A job's row as the rules and the routes need it.
    struct JobEntry {
        var record: JobRecord
        let job: JobDescription
        let sweep: Int64
        let policy: SweepPolicy
    }

    static func entry(_ identity: String, _ database: Database) throws -> JobEntry {
        let found = try Row.fetchOne(
            database, sql: "SELECT jobs.*, policy FROM jobs JOIN sweeps ON sweeps.id = jobs.sweep WHERE identity = ?",
            arguments: [identity])
        guard let row = found else { throw StoreError.unknownJob(identity) }
        return JobEntry(
            record: record(row), job: try WireCoding.decode(from: row["job"]), sweep: row["sweep"],
            policy: try WireCoding.decode(from: row["policy"]))
    }

    static func record(_ row: Row) -> JobRecord {
        let worker: String? = row["worker"]
        let digest: String? = row["checkpoint"]
        return JobRecord(
            state: JobState(rawValue: row["state"]) ?? .failed, token: row["token"],
            failedAttempts: row["failed_attempts"],
            hold: worker.map { .init(worker: $0, expires: row["expires"] ?? 0) }, notBefore: row["not_before"],
            checkpoint: digest.map { .init(sha256: $0, epoch: row["checkpoint_epoch"] ?? 0) },
            endedToken: row["ended_token"], resultToken: row["result_token"])
    }

    /// Writes what the rules made of a record, and the counters with it.
    static func save(_ record: JobRecord, of identity: String, was old: JobState, _ database: Database) throws {
        try database.execute(
            sql: """
                UPDATE jobs SET state = ?, token = ?, failed_attempts = ?, worker = ?, expires = ?, not_before = ?,
                    checkpoint = ?, checkpoint_epoch = ?, ended_token = ?, result_token = ? WHERE identity = ?
                """,
            arguments: [
                record.state.rawValue, record.token, record.failedAttempts, record.hold?.worker, record.hold?.expires,
                record.notBefore, record.checkpoint?.sha256, record.checkpoint?.epoch, record.endedToken,
                record.resultToken, identity,
            ])
        if record.state != old { try count(identity, from: old, to: record.state, database) }
    }

    /// Moves a job from one state's counter to another's in every sweep that holds it.
    static func count(_ identity: String, from old: JobState, to new: JobState, _ database: Database) throws {
        for (state, change) in [(old, -1), (new, 1)] {
            try database.execute(
                sql: """
                    INSERT INTO counters (sweep, state, count) SELECT sweep, ?, ? FROM sweep_jobs WHERE identity = ?
                    ON CONFLICT (sweep, state) DO UPDATE SET count = count + excluded.count
                    """,
                arguments: [state.rawValue, change, identity])
        }
    }

    static func log(
        _ what: String, who: String, job: String? = nil, sweep: String? = nil, at: Double, _ database: Database
    ) throws {
        try database.execute(
            sql: "INSERT INTO events (at, who, what, job, sweep) VALUES (?, ?, ?, ?, ?)",
            arguments: [at, who, what, job, sweep])
    }

    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try WireCoding.encode(value), as: UTF8.self)
    }
}
