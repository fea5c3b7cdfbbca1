import Catalogue
import Foundation
import Sweep
import Wire

/// What operators look at.
extension Ledger {
    func knownDatasets() throws -> [String: DatasetContent] {
        try connection.rows("SELECT name, fingerprint, color FROM datasets", []).reduce(into: [:]) {
            $0[$1.text(0)] = DatasetContent(fingerprint: $1.text(1), color: ImageColor(rawValue: $1.text(2)) ?? .grey)
        }
    }

    func sweepNames() throws -> [String] {
        try connection.rows("SELECT name FROM sweeps ORDER BY submitted DESC, id DESC", []).map { $0.text(0) }
    }

    func statuses() throws -> [SweepStatus] { try sweepNames().map { try status(of: $0) } }

    /// How a sweep stands.
    func status(of name: String) throws -> SweepStatus {
        let row = try connection.row(
            "SELECT id, name, submitted, policy, paused, expanding, revision FROM sweeps WHERE name = ?",
            [.text(name)])
        guard let row else { throw StoreError.unknownSweep(name) }
        let id = row.integer(0)
        var counts: [JobState: Int] = [:]
        for row in try connection.rows("SELECT state, count FROM counters WHERE sweep = ? AND count > 0", [.integer(id)]) {
            if let state = JobState(rawValue: row.text(0)) { counts[state] = row.int(1) }
        }
        let total = counts.values.reduce(0, +)
        let running = try running(of: id)
        let shares = running.map(\.share)
        let ended = counts.filter { $0.key.isFinal }.values.reduce(0, +)
        let policy = try cache.policy(row.text(3)).policy
        let present = try presentWorkers()
        return SweepStatus(
            name: name, revision: row.int(6), submitted: row.real(2), jobs: counts, total: total,
            progress: total == 0 ? 1 : min(1, (Double(ended) + shares.reduce(0, +)) / Double(total)),
            remaining: try remaining(of: id, waiting: counts[.pending, default: 0], running),
            running: running.map(\.job), failing: try failing(of: id), policy: policy,
            isPaused: row.flag(4), isExpanding: !row.isNull(5), weights: try neededWeights(id, policy, present),
            obstacles: try obstacles(id, policy, present))
    }

    /// What a sweep was last made from.
    func source(of name: String) throws -> SubmitRequest {
        let row = try connection.row("SELECT source, file, overrides, contents FROM sweeps WHERE name = ?", [.text(name)])
        return try request(row.orThrow(StoreError.unknownSweep(name)), from: 0)
    }

    /// A submit out of the columns `source`, `file`, `overrides` and `contents`, of which `column` is the first.
    func request(_ row: SQLRow, from column: Int) throws -> SubmitRequest {
        SubmitRequest(
            source: row.text(column), file: row.text(column + 1), overrides: try WireCoding.decode(from: Data(row.text(column + 2).utf8)),
            contents: try WireCoding.decode(from: Data(row.text(column + 3).utf8)))
    }

    /// The pretrained weights that waiting jobs need; `nil`: none.
    private func neededWeights(_ sweep: Int64, _ policy: SweepPolicy, _ present: [WorkerStatus]) throws -> [SweepStatus.NeededWeights]? {
        var jobs: [String: Int] = [:]
        for row in try connection.rows("SELECT class, ready FROM queues WHERE sweep = ? AND ready > 0", [.integer(sweep)]) {
            for name in Set(try jobClass(row.integer(0)).weights + policy.requires.weights) { jobs[name, default: 0] += row.int(1) }
        }
        guard !jobs.isEmpty else { return nil }
        let offered = Set(present.flatMap(\.description.weights))
        return jobs.sorted { $0.key < $1.key }.map { .init(name: $0.key, jobs: $0.value, isOffered: offered.contains($0.key)) }
    }

    private func running(of sweep: Int64) throws -> [(job: SweepStatus.RunningJob, share: Double, jobClass: Int64)] {
        try connection.rows(
            """
            SELECT identity, job, worker, progress, share, class, instance FROM
            (SELECT jobs.id, identity, jobs.job, worker, progress, share, class, instance
             FROM jobs WHERE state = 'leased' ORDER BY expires LIMIT 5000) AS held
            WHERE EXISTS (SELECT 1 FROM sweep_jobs WHERE sweep_jobs.sweep = ? AND sweep_jobs.job = held.id) LIMIT 1000
            """,
            [.integer(sweep)]
        ).map { row in
            let job: JobDescription = try WireCoding.decode(from: Data(row.text(1).utf8))
            let progress: JobProgress? = try row.optionalText(3).map { try WireCoding.decode(from: Data($0.utf8)) }
            return (
                SweepStatus.RunningJob(
                    identity: row.text(0), method: job.method, dataset: job.dataset, seed: job.seed, worker: row.text(2),
                    instance: row.text(6), progress: progress), row.real(4), row.integer(5)
            )
        }
    }

    private func failing(of sweep: Int64) throws -> [SweepStatus.FailingJob] {
        try connection.rows(
            """
            SELECT identity, jobs.job, (SELECT error FROM attempts WHERE attempts.job = jobs.id AND error IS NOT NULL
                ORDER BY token DESC LIMIT 1)
            FROM jobs WHERE state = 'quarantined'
            AND EXISTS (SELECT 1 FROM sweep_jobs WHERE sweep_jobs.sweep = ? AND sweep_jobs.job = jobs.id)
            ORDER BY jobs.id LIMIT 20
            """,
            [.integer(sweep)]
        ).map { row in
            let job: JobDescription = try WireCoding.decode(from: Data(row.text(1).utf8))
            return SweepStatus.FailingJob(
                identity: row.text(0), method: job.method, dataset: job.dataset, seed: job.seed,
                error: row.optionalText(2) ?? "no attempt has told why")
        }
    }

    /// Seconds until the last job of a sweep is done; `nil` until something is known of it.
    private func remaining(
        of sweep: Int64, waiting: Int, _ running: [(job: SweepStatus.RunningJob, share: Double, jobClass: Int64)]
    ) throws -> Double? {
        var kinds: [Int64: RemainingTime.Kind] = [:]
        let rows = try connection.rows(
            """
            SELECT class, ready, wall_sum, wall_count, nominal FROM queues JOIN classes ON classes.id = class
            WHERE sweep = ?
            """, [.integer(sweep)])
        for row in rows {
            kinds[row.integer(0)] = .init(
                waiting: row.int(1), finishedSeconds: row.real(2), finished: row.int(3), nominalSeconds: row.optionalReal(4))
        }
        let ready = kinds.values.reduce(0) { $0 + $1.waiting }
        return RemainingTime(
            kinds: kinds,
            running: running.map { .init(kind: $0.jobClass, share: $0.share, progress: $0.job.progress) },
            others: max(0, waiting - ready)
        ).seconds
    }

    /// Positions looked at for one page when only one state is asked for, so that a page takes the same time in a sweep
    /// of any size. A page may be short of its limit, then.
    private static let window = 20_000

    func jobs(sweep name: String, after: Int, limit: Int, state: JobState?) throws -> JobPage {
        let id = try sweep(named: name).id
        let last = try connection.row("SELECT max(position) FROM sweep_jobs WHERE sweep = ?", [.integer(id)])?.optionalInt(0) ?? -1
        let select = """
            SELECT place, identity, description, state, failed_attempts, result FROM
            (SELECT sweep_jobs.position AS place, identity, jobs.job AS description, state, failed_attempts, result
            FROM sweep_jobs JOIN jobs ON jobs.id = sweep_jobs.job
            WHERE sweep_jobs.sweep = ? AND sweep_jobs.position > ? AND sweep_jobs.position <= ?
            """
        let end = state == nil ? last : min(last, after + Self.window)
        var arguments: [SQLValue] = [.integer(id), .int(after), .int(end)]
        if let state { arguments.append(.text(state.rawValue)) }
        arguments.append(.int(limit))
        let rows = try connection.rows(
            select + (state == nil ? "" : " AND state = ?") + " ORDER BY sweep_jobs.position LIMIT ?) AS page", arguments)
        let jobs = try rows.map { row in
            JobRow(
                position: row.int(0), identity: row.text(1), job: try WireCoding.decode(from: Data(row.text(2).utf8)),
                state: JobState(rawValue: row.text(3)) ?? .cancelled, failedAttempts: row.int(4),
                result: try row.optionalText(5).map { try WireCoding.decode(from: Data($0.utf8)) })
        }
        if jobs.count == limit { return JobPage(jobs: jobs, next: jobs.last?.position) }
        return JobPage(jobs: jobs, next: end < last ? end : nil)
    }

    /// A job by its identity or the first digits of it, to be looked at only: it is not held.
    func found(_ prefix: String) throws -> JobEntry {
        try JobEntry(
            connection.row("SELECT \(JobEntry.columns) FROM jobs WHERE identity = ?", [.text(try resolve(prefix))])
                .orThrow(StoreError.unknownJob(prefix)))
    }

    func job(_ prefix: String) throws -> JobDetail {
        let entry = try found(prefix)
        let row = try connection.row("SELECT job, progress, result FROM jobs WHERE id = ?", [.integer(entry.id)])!
        return JobDetail(
            identity: entry.identity, job: try WireCoding.decode(from: Data(row.text(0).utf8)), record: entry.record,
            progress: try row.optionalText(1).map { try WireCoding.decode(from: Data($0.utf8)) },
            result: try row.optionalText(2).map { try WireCoding.decode(from: Data($0.utf8)) },
            attempts: try attempts(of: entry.id),
            sweeps: try connection.rows(
                "SELECT name FROM sweep_jobs JOIN sweeps ON sweeps.id = sweep WHERE sweep_jobs.job = ? ORDER BY name",
                [.integer(entry.id)]
            ).map { $0.text(0) },
            curve: try curve(of: entry.id))
    }

    func attempts(of job: Int64) throws -> [JobDetail.Attempt] {
        try connection.rows(
            "SELECT token, worker, started, ended, outcome, error, log_tail, signal FROM attempts WHERE job = ? ORDER BY token",
            [.integer(job)]
        ).map { row in
            JobDetail.Attempt(
                token: row.integer(0), worker: row.text(1), started: row.real(2), ended: row.optionalReal(3),
                outcome: row.optionalText(4), error: row.optionalText(5), logTail: row.optionalText(6),
                signal: row.optionalInt(7))
        }
    }

    /// Events behind a number, or with a negative `after` the last `-after`.
    func events(after: Int64, limit: Int, sweep name: String?, job prefix: String?) throws -> EventPage {
        let last = try connection.row("SELECT max(id) FROM events", [])?.integer(0) ?? 0
        var conditions: [String] = []
        var arguments: [SQLValue] = []
        if let name {
            conditions.append("events.sweep = ?")
            arguments.append(.integer(try sweep(named: name).id))
        }
        if let prefix {
            let identity = try resolve(prefix)
            let row = try connection.row("SELECT id FROM jobs WHERE identity = ?", [.text(identity)])
            conditions.append("events.job = ?")
            arguments.append(.integer(try row.orThrow(StoreError.unknownJob(identity)).integer(0)))
        }
        let isTail = after < 0
        if !isTail {
            conditions.append("events.id > ?")
            arguments.append(.integer(after))
        }
        conditions.append("events.id <= ?")
        arguments.append(.integer(last))
        let most = isTail ? min(limit, Int(min(-after, 1_000_000))) : limit
        arguments.append(.int(most))
        let rows = try connection.rows(
            """
            SELECT events.id, at, who, what, jobs.identity, sweeps.name FROM events
            LEFT JOIN jobs ON jobs.id = events.job LEFT JOIN sweeps ON sweeps.id = events.sweep
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY events.id \(isTail ? "DESC" : "") LIMIT ?
            """, arguments)
        let events = (isTail ? rows.reversed() : rows).map { row in
            Event(
                id: row.integer(0), at: row.real(1), who: row.text(2), what: row.text(3), job: row.optionalText(4),
                sweep: row.optionalText(5))
        }
        return EventPage(events: events, next: !isTail && events.count == most ? events.last?.id ?? last : last)
    }

    /// Seconds for which a worker that was heard of counts as there.
    static let presence = 120.0

    /// Workers that were heard of lately, read once.
    func presentWorkers() throws -> [WorkerStatus] {
        let workers = try knownWorkers ?? workers()
        knownWorkers = workers
        return workers.filter { now - $0.seen < Self.presence }
    }

    func workers() throws -> [WorkerStatus] {
        var held: [String: Int] = [:]
        for row in try connection.rows("SELECT instance, count(*) FROM jobs WHERE state = 'leased' GROUP BY instance", []) {
            held[row.text(0)] = row.int(1)
        }
        return try connection.rows("SELECT instance, description, seen, paused FROM workers ORDER BY name, instance", []).map { row in
            WorkerStatus(
                description: try WireCoding.decode(from: Data(row.text(1).utf8)), seen: row.real(2),
                jobs: held[row.text(0), default: 0], isPaused: row.flag(3))
        }
    }
}

extension Optional {
    func orThrow(_ error: @autoclosure () -> any Error) throws -> Wrapped {
        guard let self else { throw error() }
        return self
    }
}
