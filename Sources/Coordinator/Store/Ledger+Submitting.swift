import Catalogue
import Foundation
import Sweep
import Wire

/// A sweep whose jobs are being made from its file.
struct Expansion: Sendable {
    let sweep: Int64
    let name: String
    let revision: Int
    let request: SubmitRequest
}

extension Ledger {
    /// Writes a sweep's row; its jobs follow in batches.
    func beginSubmit(_ sweep: SweepFile, _ request: SubmitRequest, now: Double) throws -> Expansion {
        let row = try connection.row(
            """
            INSERT INTO sweeps (name, source, file, overrides, fingerprints, policy, priority, submitted, revision, expanding)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
            ON CONFLICT (name) DO UPDATE SET source = excluded.source, file = excluded.file, overrides = excluded.overrides,
                fingerprints = excluded.fingerprints, policy = excluded.policy, priority = excluded.priority,
                submitted = excluded.submitted, revision = sweeps.revision + 1, expanding = excluded.expanding
            RETURNING id, revision
            """,
            [
                .text(sweep.name), .text(request.source), .text(request.file), .text(try Self.text(request.overrides)),
                .text(try Self.text(request.fingerprints)), .text(try Self.text(sweep.policy)), .int(sweep.policy.priority),
                .real(now), .real(now),
            ])!
        forgetSweeps()
        for (name, fingerprint) in request.fingerprints.sorted(by: { $0.key < $1.key }) { try remember(name, fingerprint) }
        return Expansion(sweep: row.integer(0), name: sweep.name, revision: row.int(1), request: request)
    }

    /// What a batch of planned jobs met.
    struct Added: Sendable {
        var new = 0
        var reused = 0
        var queued = 0

        static func += (total: inout Added, part: Added) {
            total.new += part.new
            total.reused += part.reused
            total.queued += part.queued
        }
    }

    /// Adds planned jobs to a sweep: new ones to the queue, known ones by reference. Adding them again changes nothing.
    /// - Throws: ``StoreError/submittedAgain(_:)`` when the sweep has a newer revision.
    func add(_ jobs: [PlannedJob], to expansion: Expansion, now: Double) throws -> Added {
        let row = try sweep(named: expansion.name)
        guard row.revision == expansion.revision else { throw StoreError.submittedAgain(expansion.name) }
        var added = Added()
        // First what trains, so that it is there for what scores its weights.
        var inserted = try insertNew(jobs.filter { $0.trainingIdentity == nil }, into: row)
        inserted += try insertNew(jobs.filter { $0.trainingIdentity != nil }, into: row)
        let new = Dictionary(inserted.map { ($0.text(0), $0.integer(1)) }) { first, _ in first }
        for row in inserted where row.flag(3) { queue(expansion.sweep, row.integer(2), 1) }
        added.new = new.count
        count(row.id, .pending, new.count)
        var memberships: [[SQLValue]] = []
        for planned in jobs {
            if let id = new[planned.identity] {
                memberships.append([.integer(row.id), .integer(id), .int(planned.position), .int(expansion.revision)])
            } else {
                try join(planned, row, revision: expansion.revision, now: now, &added)
            }
        }
        try insert("INSERT INTO sweep_jobs (sweep, job, position, revision)", memberships)
        try connection.run("UPDATE sweeps SET expanding = ? WHERE id = ?", [.real(now), .integer(row.id)])
        return added
    }

    /// Adds those planned jobs that are not known.
    /// - Returns: identity, number, class and whether it is ready, of each.
    private func insertNew(_ jobs: [PlannedJob], into sweep: SweepRow) throws -> [SQLRow] {
        var trainers: [String: JobEntry] = [:]
        for identity in Set(jobs.compactMap(\.trainingIdentity)).sorted() { trainers[identity] = try entry(identity) }
        return try insertReturning(
            "INSERT INTO jobs (identity, job, sweep, class, position, state, ready, not_before, training)",
            jobs.map { planned in
                let job = planned.job
                let jobClass = JobClass(
                    method: job.method, dataset: job.dataset, fingerprint: job.fingerprint, core: job.coreVersion,
                    weights: MethodDescription.weights(for: job.configuration))
                let trainer = planned.trainingIdentity.flatMap { trainers[$0] }
                let isReady = trainer?.stored ?? .done == .done
                return [
                    .text(planned.identity), .text(try Self.text(job)), .integer(sweep.id), .integer(try number(of: jobClass)),
                    .int(planned.position), .text(JobState.pending.rawValue), .flag(isReady),
                    .real(isReady ? 0 : JobRecord.untilTrained), trainer.map { .integer($0.id) } ?? .null,
                ]
            }, tail: " ON CONFLICT (identity) DO NOTHING RETURNING identity, id, class, ready")
    }

    /// Takes a job that was known before into the sweep.
    private func join(
        _ planned: PlannedJob, _ sweep: SweepRow, revision: Int, now: Double, _ added: inout Added
    ) throws {
        var entry = try entry(planned.identity)
        let known = try connection.row(
            "SELECT revision FROM sweep_jobs WHERE sweep = ? AND job = ?", [.integer(sweep.id), .integer(entry.id)])
        let isReplayed = known?.int(0) == revision
        if known == nil {
            try connection.run(
                "INSERT INTO sweep_jobs (sweep, job, position, revision) VALUES (?, ?, ?, ?)",
                [.integer(sweep.id), .integer(entry.id), .int(planned.position), .int(revision)])
            count(sweep.id, entry.stored, 1)
            try connection.run(
                "UPDATE jobs SET shared = 1 WHERE id = ? AND sweep <> ?", [.integer(entry.id), .integer(sweep.id)])
            entry = try self.entry(entry.id)
        } else {
            try connection.run(
                "UPDATE sweep_jobs SET position = ?, revision = ? WHERE sweep = ? AND job = ?",
                [.int(planned.position), .int(revision), .integer(sweep.id), .integer(entry.id)])
            try connection.run(
                "UPDATE jobs SET position = ? WHERE id = ? AND sweep = ?",
                [.int(planned.position), .integer(entry.id), .integer(sweep.id)])
        }
        switch entry.stored {
        case .done: added.reused += 1
        case .cancelled, .failed:
            // Asked for again.
            added.new += 1
            try rule(&entry, by: sweep.id, position: planned.position)
            _ = try apply(.retry, to: &entry, now: now)
        case .pending, .leased, .quarantined:
            // A batch that is added once more, after a crash, meets its own jobs.
            if isReplayed, entry.record.token == 0 { added.new += 1 } else { added.queued += 1 }
            if entry.stored == .pending, entry.sweep != sweep.id, try self.sweep(entry.sweep).priority < sweep.priority {
                try rule(&entry, by: sweep.id, position: planned.position)
            }
        }
    }

    /// Lets another sweep's policy rule a job from now on.
    func rule(_ entry: inout JobEntry, by sweep: Int64, position: Int) throws {
        guard entry.sweep != sweep else { return }
        try connection.run(
            "UPDATE jobs SET sweep = ?, position = ? WHERE id = ?", [.integer(sweep), .int(position), .integer(entry.id)])
        if entry.isReady {
            queue(entry.sweep, entry.jobClass, -1)
            queue(sweep, entry.jobClass, 1)
        }
        entry.sweep = sweep
    }

    /// Takes jobs of earlier revisions out of the sweep, a batch at a time; pending ones that no sweep asks for are
    /// cancelled.
    /// - Parameter after: the number of the last job looked at.
    /// - Returns: how many were cancelled, and where to go on, or `nil` at the end.
    func withdraw(from expansion: Expansion, after: Int64, limit: Int = 500, now: Double) throws -> (withdrawn: Int, next: Int64?) {
        let gone = try connection.rows(
            "SELECT job FROM sweep_jobs WHERE sweep = ? AND job > ? AND revision < ? ORDER BY job LIMIT ?",
            [.integer(expansion.sweep), .integer(after), .int(expansion.revision), .int(limit)])
        var withdrawn = 0
        for row in gone {
            var entry = try entry(row.integer(0))
            try leave(&entry, expansion.sweep)
            guard entry.sweep == expansion.sweep, entry.stored == .pending, rules.cancel(&entry.record) else { continue }
            // The sweep's own counter has let go of it already.
            try connection.run("UPDATE jobs SET state = 'cancelled', ready = 0 WHERE id = ?", [.integer(entry.id)])
            if entry.isReady { queue(entry.sweep, entry.jobClass, -1) }
            log("withdrawn", who: "operator", job: entry.id, sweep: expansion.sweep, at: now)
            withdrawn += 1
        }
        return (withdrawn, gone.count == limit ? gone.last?.integer(0) : nil)
    }

    /// Takes a job out of a sweep; if others hold it, one of them rules it from now on.
    private func leave(_ entry: inout JobEntry, _ sweep: Int64) throws {
        try connection.run(
            "DELETE FROM sweep_jobs WHERE sweep = ? AND job = ?", [.integer(sweep), .integer(entry.id)])
        count(sweep, entry.stored, -1)
        let others = try connection.rows(
            "SELECT sweep, position FROM sweep_jobs WHERE job = ? ORDER BY sweep", [.integer(entry.id)])
        if others.count == 1 {
            try connection.run("UPDATE jobs SET shared = 0 WHERE id = ?", [.integer(entry.id)])
        }
        if entry.sweep == sweep, let next = others.first {
            try rule(&entry, by: next.integer(0), position: next.int(1))
        }
    }

    /// All jobs are there.
    func endSubmit(_ expansion: Expansion, total: Int, new: Int, now: Double) throws {
        let changed = try connection.run(
            "UPDATE sweeps SET expanding = NULL WHERE id = ? AND revision = ?",
            [.integer(expansion.sweep), .int(expansion.revision)])
        guard changed == 1 else { throw StoreError.submittedAgain(expansion.name) }
        log("submitted: \(total) jobs, \(new) new", who: "operator", sweep: expansion.sweep, at: now)
    }

    /// Takes over a submit that nobody has gone on with since `before`: its coordinator is gone.
    func adoptExpansion(before: Double, now: Double) throws -> Expansion? {
        let row = try connection.row(
            """
            SELECT id, name, revision, source, file, overrides, fingerprints FROM sweeps
            WHERE expanding IS NOT NULL AND expanding < ? ORDER BY id LIMIT 1
            """ + connection.dialect.holdingFree,
            [.real(before)])
        guard let row else { return nil }
        try connection.run("UPDATE sweeps SET expanding = ? WHERE id = ?", [.real(now), .integer(row.integer(0))])
        return Expansion(
            sweep: row.integer(0), name: row.text(1), revision: row.int(2),
            request: try request(row, from: 3))
    }

    /// Gives up on an expansion that cannot be made any more.
    func abandon(_ expansion: Expansion, why: String, now: Double) throws {
        try connection.run(
            "UPDATE sweeps SET expanding = NULL WHERE id = ? AND revision = ?",
            [.integer(expansion.sweep), .int(expansion.revision)])
        log("its jobs could not all be made: \(why)", who: "coordinator", sweep: expansion.sweep, at: now)
    }
}

/// What a plan needs to know.
extension Ledger {
    /// The states of those identities that are known, and how many of these are pending and asked for by this sweep alone.
    func known(_ identities: [String], in name: String) throws -> (states: [String: JobState], onlyHere: Int) {
        let sweep = try connection.row("SELECT id FROM sweeps WHERE name = ?", [.text(name)])?.integer(0) ?? -1
        var states: [String: JobState] = [:]
        var onlyHere = 0
        var rest = identities[...]
        while !rest.isEmpty {
            // Two sizes, so that there are few statements to prepare.
            let size = rest.count >= 32 ? 32 : 1
            let marks = Array(repeating: "?", count: size).joined(separator: ", ")
            let rows = try connection.rows(
                """
                SELECT identity, state, shared = 0 AND EXISTS
                    (SELECT 1 FROM sweep_jobs WHERE sweep_jobs.sweep = ? AND sweep_jobs.job = jobs.id)
                FROM jobs WHERE identity IN (\(marks))
                """,
                [.integer(sweep)] + rest.prefix(size).map { .text($0) })
            for row in rows {
                let state = JobState(rawValue: row.text(1))
                states[row.text(0)] = state
                if state == .pending, row.flag(2) { onlyHere += 1 }
            }
            rest = rest.dropFirst(size)
        }
        return (states, onlyHere)
    }

    /// Pending jobs that this sweep alone asks for.
    func pendingOnly(in name: String) throws -> Int {
        try connection.row(
            """
            SELECT count(*) FROM sweeps JOIN sweep_jobs ON sweep_jobs.sweep = sweeps.id JOIN jobs ON jobs.id = sweep_jobs.job
            WHERE sweeps.name = ? AND state = 'pending' AND shared = 0
            """, [.text(name)])!.int(0)
    }
}
