import Catalogue
import Foundation
import GRDB
import Sweep
import Wire

extension SQLiteStore {
    func sweepNames() async throws -> [String] {
        try await pool.read { try String.fetchAll($0, sql: "SELECT name FROM sweeps ORDER BY submitted DESC") }
    }

    func sweeps(now: Double) async throws -> [SweepStatus] {
        try await pool.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM sweeps ORDER BY submitted DESC, id DESC")
                .map { try Self.status($0, database) }
        }
    }

    func sweep(_ name: String, now: Double) async throws -> SweepStatus? {
        try await pool.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM sweeps WHERE name = ?", arguments: [name])
                .map { try Self.status($0, database) }
        }
    }

    private static func status(_ sweep: Row, _ database: Database) throws -> SweepStatus {
        let id: Int64 = sweep["id"]
        var counts: [JobState: Int] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT state, count FROM counters WHERE sweep = ? AND count > 0", arguments: [id]) {
            if let state = JobState(rawValue: row["state"]) { counts[state] = row["count"] }
        }
        let total = counts.values.reduce(0, +)
        let leased = try rows(of: id, state: .leased, limit: 1000, database)
        let running = try leased.map { row -> SweepStatus.RunningJob in
            let (job, text): (JobDescription, String?) = (try WireCoding.decode(from: row["job"]), row["progress"])
            return SweepStatus.RunningJob(
                identity: row["identity"], method: job.method, dataset: job.dataset, seed: job.seed,
                worker: row["worker"] ?? "", progress: try text.map { try WireCoding.decode(from: Data($0.utf8)) })
        }
        let failing = try rows(of: id, state: .quarantined, limit: 20, database).map { row -> SweepStatus.FailingJob in
            let job: JobDescription = try WireCoding.decode(from: row["job"])
            let error = try String.fetchOne(
                database, sql: "SELECT error FROM attempts WHERE identity = ? AND error IS NOT NULL ORDER BY token DESC",
                arguments: [row["identity"] as String])
            return SweepStatus.FailingJob(
                identity: row["identity"], method: job.method, dataset: job.dataset, seed: job.seed,
                error: error ?? "no attempt has told why")
        }
        let shares = leased.reduce(0.0) { $0 + ($1["share"] as Double) }
        let ended = counts.filter { $0.key.isFinal }.values.reduce(0, +)
        return SweepStatus(
            name: sweep["name"], submitted: sweep["submitted"], jobs: counts, total: total,
            progress: total == 0 ? 1 : (Double(ended) + shares) / Double(total),
            remaining: try remaining(id, waiting: counts[.pending, default: 0], shares: leased.map { $0["share"] }, database),
            running: running, failing: failing,
            policy: try WireCoding.decode(from: Data((sweep["policy"] as String).utf8)))
    }

    /// Seconds until the last job is done: the mean time of the jobs finished last, for the work that is left, spread
    /// over the jobs that run now. `nil` while nothing has finished or nothing runs.
    private static func remaining(_ sweep: Int64, waiting: Int, shares: [Double], _ database: Database) throws -> Double? {
        guard !shares.isEmpty else { return nil }
        let mean = try Double.fetchOne(
            database,
            sql: """
                SELECT avg(wall) FROM (SELECT wall FROM sweep_jobs JOIN jobs USING (identity)
                WHERE sweep_jobs.sweep = ? AND state = 'done' ORDER BY finished DESC LIMIT 40)
                """,
            arguments: [sweep])
        guard let mean else { return nil }
        let work = Double(waiting) + shares.reduce(0) { $0 + 1 - $1 }
        return max(work / Double(shares.count), shares.map { 1 - $0 }.max() ?? 0) * mean
    }

    private static func rows(of sweep: Int64, state: JobState, limit: Int, _ database: Database) throws -> [Row] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT jobs.* FROM sweep_jobs JOIN jobs USING (identity)
                WHERE sweep_jobs.sweep = ? AND state = ? ORDER BY sweep_jobs.position LIMIT ?
                """,
            arguments: [sweep, state.rawValue, limit])
    }

    func jobs(sweep: String, after: Int, limit: Int, state: JobState?) async throws -> JobPage {
        try await pool.read { database in
            guard let id = try Int64.fetchOne(database, sql: "SELECT id FROM sweeps WHERE name = ?", arguments: [sweep]) else {
                throw StoreError.unknownSweep(sweep)
            }
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT jobs.*, sweep_jobs.position AS place FROM sweep_jobs JOIN jobs USING (identity)
                    WHERE sweep_jobs.sweep = ? AND sweep_jobs.position > ? AND (? IS NULL OR state = ?)
                    ORDER BY sweep_jobs.position LIMIT ?
                    """,
                arguments: [id, after, state?.rawValue, state?.rawValue, limit])
            let jobs = try rows.map { row -> JobRow in
                let result: String? = row["result"]
                return JobRow(
                    position: row["place"], identity: row["identity"], job: try WireCoding.decode(from: row["job"]),
                    state: Self.record(row).state, failedAttempts: row["failed_attempts"],
                    result: try result.map { try WireCoding.decode(from: Data($0.utf8)) })
            }
            return JobPage(jobs: jobs, next: jobs.count == limit ? jobs.last?.position : nil)
        }
    }

    func job(_ identity: String) async throws -> JobDetail? {
        try await pool.read { database in
            guard let row = try Row.fetchOne(database, sql: "SELECT * FROM jobs WHERE identity = ?", arguments: [identity]) else {
                return nil
            }
            let (progress, result): (String?, String?) = (row["progress"], row["result"])
            let attempts = try Row.fetchAll(
                database, sql: "SELECT * FROM attempts WHERE identity = ? ORDER BY token", arguments: [identity])
            return JobDetail(
                identity: identity, job: try WireCoding.decode(from: row["job"]), record: Self.record(row),
                progress: try progress.map { try WireCoding.decode(from: Data($0.utf8)) },
                result: try result.map { try WireCoding.decode(from: Data($0.utf8)) },
                attempts: attempts.map { row in
                    JobDetail.Attempt(
                        token: row["token"], worker: row["worker"], started: row["started"], ended: row["ended"],
                        outcome: row["outcome"], error: row["error"], logTail: row["log_tail"], signal: row["signal"])
                },
                sweeps: try String.fetchAll(
                    database,
                    sql: "SELECT name FROM sweep_jobs JOIN sweeps ON sweeps.id = sweep WHERE identity = ? ORDER BY name",
                    arguments: [identity]))
        }
    }
}
