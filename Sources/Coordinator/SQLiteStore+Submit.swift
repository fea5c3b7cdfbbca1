import Catalogue
import Foundation
import GRDB
import Sweep
import Wire

extension SQLiteStore {
    func knownDatasets() async throws -> [String: String] {
        try await pool.read { database in
            try Row.fetchAll(database, sql: "SELECT name, fingerprint FROM datasets")
                .reduce(into: [:]) { $0[$1["name"]] = $1["fingerprint"] }
        }
    }

    func submit(
        _ sweep: SweepFile, source: String, fingerprints: [String: String], isPlan: Bool
    ) async throws -> SubmitResponse {
        let axes = SweepFile.axes(of: try sweep.jobs(fingerprints: fingerprints))
        let now = Date().timeIntervalSince1970
        if isPlan {
            // The same work, undone at the end.
            return try await writer.write { database in
                var response: SubmitResponse?
                try database.inSavepoint {
                    response = try Self.store(sweep, source, fingerprints, axes: axes, now: now, database)
                    return .rollback
                }
                return response!
            }
        }
        return try await writer.write { database in
            try Self.store(sweep, source, fingerprints, axes: axes, now: now, database)
        }
    }

    private static func store(
        _ sweep: SweepFile, _ source: String, _ fingerprints: [String: String], axes: [String: [String: Int]],
        now: Double, _ database: Database
    ) throws -> SubmitResponse {
        try database.execute(
            sql: """
                INSERT INTO sweeps (name, source, policy, submitted, revision) VALUES (?, ?, ?, ?, 1)
                ON CONFLICT (name) DO UPDATE SET source = excluded.source, policy = excluded.policy,
                    submitted = excluded.submitted, revision = revision + 1
                """,
            arguments: [sweep.name, source, try text(sweep.policy), now])
        let row = try Row.fetchOne(database, sql: "SELECT id, revision FROM sweeps WHERE name = ?", arguments: [sweep.name])!
        let (id, revision): (Int64, Int) = (row["id"], row["revision"])
        var response = SubmitResponse(
            sweep: sweep.name, total: 0, new: 0, reused: 0, queued: 0, withdrawn: 0, axes: axes)

        let find = try database.makeStatement(sql: "SELECT state FROM jobs WHERE identity = ?")
        let add = try database.makeStatement(sql: """
            INSERT INTO jobs (identity, job, method, dataset, fingerprint, core, sweep, priority, position, state, token,
                failed_attempts, not_before, ended_token, result_token)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, 0, 0, 0, 0)
            """)
        let join = try database.makeStatement(sql: """
            INSERT INTO sweep_jobs (sweep, identity, position, revision) VALUES (?, ?, ?, ?)
            ON CONFLICT (sweep, identity) DO UPDATE SET position = excluded.position, revision = excluded.revision
            """)
        for planned in try sweep.jobs(fingerprints: fingerprints) {
            let job = planned.job
            response.total += 1
            switch try String.fetchOne(find, arguments: [planned.identity]).flatMap(JobState.init) {
            case nil:
                response.new += 1
                try add.execute(arguments: [
                    planned.identity, text(job), job.method, job.dataset, job.fingerprint, job.coreVersion, id,
                    sweep.policy.priority, planned.position,
                ])
            case .done: response.reused += 1
            case .cancelled, .failed:
                // Asked for again.
                response.new += 1
                try revive(planned.identity, for: id, now: now, database)
            case .pending, .leased, .quarantined: response.queued += 1
            }
            try database.execute(
                sql: "UPDATE jobs SET priority = max(priority, ?) WHERE identity = ? AND state = 'pending'",
                arguments: [sweep.policy.priority, planned.identity])
            try join.execute(arguments: [id, planned.identity, planned.position, revision])
        }
        response.withdrawn = try withdraw(from: id, before: revision, now: now, database)
        try recount(id, database)
        for (name, fingerprint) in fingerprints { try remember(name, fingerprint, database) }
        try log("submitted: \(response.total) jobs, \(response.new) new", who: "operator", sweep: sweep.name, at: now, database)
        return response
    }

    private static func revive(_ identity: String, for sweep: Int64, now: Double, _ database: Database) throws {
        var entry = try entry(identity, database)
        let old = entry.record.state
        entry.record.state = .pending
        entry.record.failedAttempts = 0
        entry.record.notBefore = now
        try save(entry.record, of: identity, was: old, database)
        try database.execute(sql: "UPDATE jobs SET sweep = ? WHERE identity = ?", arguments: [sweep, identity])
    }

    /// Takes jobs of earlier revisions out of the sweep; pending ones that no sweep asks for are cancelled.
    private static func withdraw(from sweep: Int64, before revision: Int, now: Double, _ database: Database) throws -> Int {
        let gone = try String.fetchAll(
            database, sql: "SELECT identity FROM sweep_jobs WHERE sweep = ? AND revision < ?", arguments: [sweep, revision])
        try database.execute(sql: "DELETE FROM sweep_jobs WHERE sweep = ? AND revision < ?", arguments: [sweep, revision])
        var withdrawn = 0
        for identity in gone {
            let other = try Int64.fetchOne(
                database, sql: "SELECT sweep FROM sweep_jobs WHERE identity = ?", arguments: [identity])
            if let other {
                // The next sweep's policy rules it from now on.
                try database.execute(
                    sql: "UPDATE jobs SET sweep = ? WHERE identity = ? AND sweep = ?", arguments: [other, identity, sweep])
                continue
            }
            try database.execute(
                sql: "UPDATE jobs SET state = 'cancelled' WHERE identity = ? AND state = 'pending'", arguments: [identity])
            guard database.changesCount > 0 else { continue }
            withdrawn += 1
            try log("withdrawn", who: "operator", job: identity, at: now, database)
        }
        return withdrawn
    }

    private static func recount(_ sweep: Int64, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM counters WHERE sweep = ?", arguments: [sweep])
        try database.execute(
            sql: """
                INSERT INTO counters (sweep, state, count)
                SELECT sweep_jobs.sweep, state, count(*) FROM sweep_jobs JOIN jobs USING (identity)
                WHERE sweep_jobs.sweep = ? GROUP BY state
                """,
            arguments: [sweep])
    }

    static func remember(_ dataset: String, _ fingerprint: String, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO datasets (name, fingerprint) VALUES (?, ?)
                ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint WHERE fingerprint <> excluded.fingerprint
                """,
            arguments: [dataset, fingerprint])
    }
}
