import Foundation
import GRDB

/// The tables of the SQLite database, and how older ones become them.
enum SQLiteSchema {
    /// Refuses a database that a newer program has written, before anything is touched.
    /// - Throws: ``CoordinatorError``
    static func refuseNewer(_ folder: StateFolder) throws(CoordinatorError) {
        guard let file = FileHandle(forReadingAtPath: folder.database.path) else { return }
        defer { try? file.close() }
        // `user_version` stands at byte 60 of the file, big-endian; an open log may hold a newer page, which then is
        // one of this program's.
        guard let header = try? file.read(upToCount: 64), header.count == 64 else { return }
        let version = header[60..<64].reduce(0) { $0 << 8 | Int($1) }
        if version > Schema.version {
            throw CoordinatorError(
                .newerState, "the state folder '\(folder.url.path)' was written by a newer medsweep (schema \(version), this one knows \(Schema.version)); use that version, or another folder with --state")
        }
    }

    static func migrate(_ writer: any DatabaseWriter) throws {
        try migrator.migrate(writer)
        try writer.write { database in
            // A write for its own sake would cost every start a sync.
            if try Int.fetchOne(database, sql: "PRAGMA user_version") != Schema.version {
                try database.execute(sql: "PRAGMA user_version = \(Schema.version)")
            }
        }
    }

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: first) }
        migrator.registerMigration("2") { database in
            for table in ["sweeps", "jobs", "sweep_jobs", "counters", "attempts", "result_files", "datasets", "events"] {
                try database.execute(sql: "ALTER TABLE \(table) RENAME TO old_\(table)")
            }
            try database.execute(sql: Schema.tables(.sqlite))
            try database.execute(sql: second)
        }
        migrator.registerMigration("3") { database in
            // What came from the first version, or is new, has the tables as they are now.
            guard try !database.columns(in: "classes").contains(where: { $0.name == "weights" }) else { return }
            try database.execute(sql: third)
        }
        migrator.registerMigration("4") { database in
            if try !database.columns(in: "jobs").contains(where: { $0.name == "metrics" }) {
                try database.execute(sql: "ALTER TABLE jobs ADD COLUMN metrics TEXT")
            }
            try database.execute(sql: "UPDATE jobs SET metrics = json_extract(result, '$.metrics') WHERE result IS NOT NULL AND metrics IS NULL")
        }
        migrator.registerMigration("5") { database in
            if try !database.tableExists("job_logs") { try database.execute(sql: Schema.logTables(.sqlite)) }
        }
        return migrator
    }

    /// What the first version made.
    private static let first = """
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
        CREATE TABLE sweep_jobs (
            sweep INTEGER NOT NULL REFERENCES sweeps(id), identity TEXT NOT NULL REFERENCES jobs(identity),
            position INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (sweep, identity)
        ) WITHOUT ROWID;
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
        """

    /// A constraint cannot be changed in place.
    private static let third = """
        CREATE TABLE new_classes (
            id INTEGER PRIMARY KEY, method TEXT NOT NULL, dataset TEXT NOT NULL, fingerprint TEXT NOT NULL, core INTEGER NOT NULL,
            weights TEXT NOT NULL DEFAULT '', UNIQUE (method, dataset, fingerprint, core, weights));
        INSERT INTO new_classes (id, method, dataset, fingerprint, core) SELECT id, method, dataset, fingerprint, core FROM classes;
        DROP TABLE classes;
        ALTER TABLE new_classes RENAME TO classes;
        ALTER TABLE jobs ADD COLUMN training INTEGER REFERENCES jobs(id);
        CREATE INDEX jobs_training ON jobs (training) WHERE training IS NOT NULL;
        """

    /// Takes over what the first version kept.
    private static let second = """
        INSERT INTO sweeps (id, name, source, file, overrides, fingerprints, policy, priority, paused, submitted, revision)
            SELECT id, name, source, name || '.yaml', '[]', '{}', policy,
                coalesce(json_extract(policy, '$.priority'), 0), 0, submitted, revision FROM old_sweeps;
        INSERT INTO classes (method, dataset, fingerprint, core)
            SELECT DISTINCT method, dataset, fingerprint, core FROM old_jobs;
        INSERT INTO jobs (identity, job, sweep, class, shared, boost, position, state, ready, paused, token, failed_attempts,
                worker, expires, not_before, checkpoint, checkpoint_epoch, ended_token, result_token, progress, share,
                result, wall, finished)
            SELECT identity, job, sweep, classes.id,
                (SELECT count(*) FROM old_sweep_jobs WHERE old_sweep_jobs.identity = old_jobs.identity) > 1, 0, position,
                state, state = 'pending', 0, token, failed_attempts, worker, expires, not_before, checkpoint,
                checkpoint_epoch, ended_token, result_token, progress, share, result, wall, finished
            FROM old_jobs JOIN classes USING (method, dataset, fingerprint, core) ORDER BY sweep, position;
        INSERT INTO sweep_jobs (sweep, job, position, revision)
            SELECT old_sweep_jobs.sweep, jobs.id, old_sweep_jobs.position, revision
            FROM old_sweep_jobs JOIN jobs USING (identity);
        INSERT INTO counters (sweep, state, count) SELECT sweep, state, count FROM old_counters;
        INSERT INTO queues (sweep, class, ready)
            SELECT sweep, class, count(*) FROM jobs WHERE state = 'pending' GROUP BY sweep, class;
        UPDATE sweeps SET (wall_sum, wall_count) =
            (SELECT coalesce(sum(wall), 0), count(*) FROM jobs WHERE jobs.sweep = sweeps.id AND state = 'done');
        INSERT INTO attempts (job, token, worker, started, ended, outcome, error, log_tail, signal)
            SELECT jobs.id, old_attempts.token, old_attempts.worker, started, ended, outcome, error, log_tail, signal
            FROM old_attempts JOIN jobs USING (identity);
        INSERT INTO result_files (sha256, job)
            SELECT sha256, jobs.id FROM old_result_files JOIN jobs USING (identity);
        INSERT INTO datasets (name, fingerprint) SELECT name, fingerprint FROM old_datasets;
        INSERT INTO events (id, at, who, what, job, sweep)
            SELECT old_events.id, at, who, what, jobs.id, sweeps.id FROM old_events
            LEFT JOIN jobs ON jobs.identity = old_events.job LEFT JOIN sweeps ON sweeps.name = old_events.sweep;
        DROP TABLE old_sweep_jobs;
        DROP TABLE old_jobs;
        DROP TABLE old_sweeps;
        DROP TABLE old_counters;
        DROP TABLE old_attempts;
        DROP TABLE old_result_files;
        DROP TABLE old_datasets;
        DROP TABLE old_events;
        """
}
