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
    /// How often a sweep was submitted; 0: never.
    func revision(of name: String) throws -> Int {
        try connection.row("SELECT revision FROM sweeps WHERE name = ?", [.text(name)])?.int(0) ?? 0
    }

    /// Writes a sweep's row; its jobs follow in batches.
    func beginSubmit(_ sweep: SweepFile, _ request: SubmitRequest) throws -> Expansion {
        let row = try connection.row(
            """
            INSERT INTO sweeps (name, source, file, overrides, contents, policy, priority, submitted, revision, expanding)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
            ON CONFLICT (name) DO UPDATE SET source = excluded.source, file = excluded.file, overrides = excluded.overrides,
                contents = excluded.contents, policy = excluded.policy, priority = excluded.priority,
                submitted = excluded.submitted, revision = sweeps.revision + 1, expanding = excluded.expanding
            RETURNING id, revision
            """,
            [
                .text(sweep.name), .text(request.source), .text(request.file), .text(try Self.text(request.overrides)),
                .text(try Self.text(request.contents)), .text(try Self.text(sweep.policy)), .int(sweep.policy.priority),
                .real(now), .real(now),
            ])!
        forgetSweeps()
        for (name, content) in request.contents.sorted(by: { $0.key < $1.key }) { try remember(name, content) }
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
    func add(_ jobs: [PlannedJob], to expansion: Expansion) throws -> Added {
        let row = try sweep(named: expansion.name)
        guard row.revision == expansion.revision else { throw StoreError.submittedAgain(expansion.name) }
        let added = try enter(jobs, row, revision: expansion.revision)
        try connection.run("UPDATE sweeps SET expanding = ? WHERE id = ?", [.real(now), .integer(row.id)])
        return added
    }

    /// Takes planned jobs into a sweep: new ones into the queue, known ones by reference.
    func enter(_ jobs: [PlannedJob], _ sweep: SweepRow, revision: Int) throws -> Added {
        var added = Added()
        let (inserted, unsettled) = try insertNew(jobs, into: sweep)
        let new = Dictionary(inserted.map { ($0.text(0), $0.integer(1)) }) { first, _ in first }
        for row in inserted where row.flag(3) { queue(sweep.id, row.integer(2), 1) }
        added.new = new.count
        count(sweep.id, .pending, new.count)
        var memberships: [[SQLValue]] = []
        for planned in jobs {
            if let id = new[planned.identity] {
                memberships.append([.integer(sweep.id), .integer(id), .int(planned.position), .int(revision)])
            } else {
                try join(planned, sweep, revision: revision, &added)
            }
        }
        for membership in memberships { try connection.add(membership, to: Self.newMembership) }
        for training in unsettled { try settle(training) }
        return added
    }

    private static let newMembership = RowShape.insert(
        "sweep_jobs", [.integer("sweep"), .integer("job"), .integer("position"), .integer("revision")], keys: 2)

    /// Adds those planned jobs that are not known. The first of a training that nobody has trained or is going to train, trains it.
    /// - Returns: identity, number, class and whether it is ready, of each; and the trainings of which it is not certain that somebody
    ///   trains them.
    private func insertNew(_ jobs: [PlannedJob], into sweep: SweepRow) throws -> (rows: [SQLRow], unsettled: [Int64]) {
        let trainings = try trainings(Set(jobs.compactMap(\.trainingIdentity)))
        share(trainings.values.map(\.id))
        var taken = try withTrainers(trainings.values.filter { !$0.isDone }.map(\.id).sorted())
        let before = taken
        var trainers: [String: Int64] = [:]
        var waiters: [String: Int64] = [:]
        let rows = try insertReturning(
            "INSERT INTO jobs (identity, job, sweep, class, position, state, ready, awaiting, training, holders)",
            jobs.map { planned in
                let training = planned.trainingIdentity.flatMap { trainings[$0] }
                var isAwaiting = false
                if let training, !training.isDone {
                    isAwaiting = !taken.insert(training.id).inserted
                    if isAwaiting { waiters[planned.identity] = training.id } else { trainers[planned.identity] = training.id }
                }
                return [
                    .text(planned.identity), .text(try Self.text(planned.job)), .integer(sweep.id),
                    .integer(try classNumber(of: planned.job)), .int(planned.position), .text(JobState.pending.rawValue),
                    .flag(!isAwaiting), .flag(isAwaiting), training.map { .integer($0.id) } ?? .null, .int(1),
                ]
            }, tail: " ON CONFLICT (identity) DO NOTHING RETURNING identity, id, class, ready")
        let inserted = Set(rows.map { $0.text(0) })
        // One that was to train is known, and may have ended; or one that trained before is held up.
        var unsettled = Set(trainers.filter { !inserted.contains($0.key) }.values)
        unsettled.formUnion(waiters.filter { inserted.contains($0.key) && before.contains($0.value) }.values)
        return (rows, unsettled.sorted())
    }

    /// Takes a job that was known before into the sweep.
    private func join(
        _ planned: PlannedJob, _ sweep: SweepRow, revision: Int, _ added: inout Added
    ) throws {
        var entry = try entry(planned.identity)
        if entry.stored == .cancelled, let divisor = sweep.policy.policy.retry.outOfMemoryDivisor,
            let smaller = planned.job.dividingBatch(by: divisor),
            try connection.row("SELECT 1 FROM jobs WHERE id = ? AND replaced_by IS NOT NULL", [.integer(entry.id)]) != nil
        {
            // It ran out of memory before, and would again.
            added += try enter([PlannedJob(position: planned.position, smaller)], sweep, revision: revision)
            return
        }
        let known = try connection.row(
            "SELECT revision FROM sweep_jobs WHERE sweep = ? AND job = ?", [.integer(sweep.id), .integer(entry.id)])
        let isReplayed = known?.int(0) == revision
        if known == nil {
            try connection.run(
                "INSERT INTO sweep_jobs (sweep, job, position, revision) VALUES (?, ?, ?, ?)",
                [.integer(sweep.id), .integer(entry.id), .int(planned.position), .int(revision)])
            count(sweep.id, entry.stored, 1)
            entry.holders += 1
            try connection.run("UPDATE jobs SET holders = ? WHERE id = ?", [.int(entry.holders), .integer(entry.id)])
            changed(entry.identity, to: nil)
            if entry.holders == 1 { try rule(&entry, by: sweep.id, position: planned.position) }
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
        case .cancelled:
            // Asked for again.
            added.new += 1
            try rule(&entry, by: sweep.id, position: planned.position)
            _ = try apply(.retry, to: &entry)
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
        try connection.run(
            "UPDATE jobs SET sweep = ?, position = ? WHERE id = ?", [.integer(sweep), .int(position), .integer(entry.id)])
        if entry.isReady, entry.sweep != sweep {
            queue(entry.sweep, entry.jobClass, -1)
            queue(sweep, entry.jobClass, 1)
        }
        changed(entry.identity, to: nil)
        entry.sweep = sweep
    }

    /// Takes jobs of earlier revisions out of the sweep, a batch at a time; those without a result that no sweep asks for any
    /// more are cancelled, and stopped where they run.
    /// - Parameter after: the number of the last job looked at.
    /// - Returns: how many were cancelled, and where to go on, or `nil` at the end.
    func withdraw(from expansion: Expansion, after: Int64, limit: Int = 500) throws -> (withdrawn: Int, next: Int64?) {
        // Those that wait for a training come after the one that trains: backwards nobody is made to train only to be withdrawn.
        let gone = try connection.rows(
            "SELECT job FROM sweep_jobs WHERE sweep = ? AND job > ? AND revision < ? ORDER BY job LIMIT ?",
            [.integer(expansion.sweep), .integer(after), .int(expansion.revision), .int(limit)])
        var withdrawn = 0
        for row in gone.reversed() {
            var entry = try entry(row.integer(0))
            try leave(&entry, expansion.sweep)
            guard try takeOut(&entry) else { continue }
            log("withdrawn", who: "operator", job: entry.id, sweep: expansion.sweep)
            withdrawn += 1
        }
        return (withdrawn, gone.count == limit ? gone.last?.integer(0) : nil)
    }

    /// Cancels a job that no sweep holds any more, unless it has a result. Whoever runs it learns it at the next heartbeat.
    /// - Returns: whether it was cancelled.
    func takeOut(_ entry: inout JobEntry) throws -> Bool {
        guard entry.holders == 0, rules.cancel(&entry.record) else { return false }
        try save(entry)
        return true
    }

    /// Takes a job out of a sweep; if others hold it, one of them rules it from now on.
    func leave(_ entry: inout JobEntry, _ sweep: Int64) throws {
        try connection.run(
            "DELETE FROM sweep_jobs WHERE sweep = ? AND job = ?", [.integer(sweep), .integer(entry.id)])
        count(sweep, entry.stored, -1)
        entry.holders -= 1
        try connection.run("UPDATE jobs SET holders = ? WHERE id = ?", [.int(entry.holders), .integer(entry.id)])
        changed(entry.identity, to: nil)
        guard entry.sweep == sweep, entry.holders > 0 else { return }
        let next = try connection.row(
            "SELECT sweep, position FROM sweep_jobs WHERE job = ? ORDER BY sweep LIMIT 1", [.integer(entry.id)])!
        try rule(&entry, by: next.integer(0), position: next.int(1))
    }

    /// All jobs are there.
    func endSubmit(_ expansion: Expansion, total: Int, new: Int) throws {
        let changed = try connection.run(
            "UPDATE sweeps SET expanding = NULL WHERE id = ? AND revision = ?",
            [.integer(expansion.sweep), .int(expansion.revision)])
        guard changed == 1 else { throw StoreError.submittedAgain(expansion.name) }
        log("submitted: \(total) jobs, \(new) new", who: "operator", sweep: expansion.sweep)
    }

    /// Takes over a submit that nobody has gone on with for `idle` seconds: its coordinator is gone.
    func adoptExpansion(idleFor idle: Double) throws -> Expansion? {
        let row = try connection.row(
            """
            SELECT id, name, revision, source, file, overrides, contents FROM sweeps
            WHERE expanding IS NOT NULL AND expanding <= ? ORDER BY id LIMIT 1
            """ + connection.dialect.holdingFree,
            [.real(now - idle)])
        guard let row else { return nil }
        try connection.run("UPDATE sweeps SET expanding = ? WHERE id = ?", [.real(now), .integer(row.integer(0))])
        return Expansion(
            sweep: row.integer(0), name: row.text(1), revision: row.int(2),
            request: try request(row, from: 3))
    }

    /// Gives up on an expansion that cannot be made any more.
    func abandon(_ expansion: Expansion, why: String) throws {
        try connection.run(
            "UPDATE sweeps SET expanding = NULL WHERE id = ? AND revision = ?",
            [.integer(expansion.sweep), .int(expansion.revision)])
        log("its jobs could not all be made: \(why)", who: "coordinator", sweep: expansion.sweep)
    }
}

/// What a plan needs to know.
extension Ledger {
    /// The states of those identities that are known, and how many of these have no result and are asked for by this sweep alone.
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
                SELECT identity, state, state IN ('pending', 'leased', 'quarantined') AND holders = 1 AND EXISTS
                    (SELECT 1 FROM sweep_jobs WHERE sweep_jobs.sweep = ? AND sweep_jobs.job = jobs.id)
                FROM jobs WHERE identity IN (\(marks))
                """,
                [.integer(sweep)] + rest.prefix(size).map { .text($0) })
            for row in rows {
                let state = JobState(rawValue: row.text(1))
                states[row.text(0)] = state
                if row.flag(2) { onlyHere += 1 }
            }
            rest = rest.dropFirst(size)
        }
        return (states, onlyHere)
    }

    /// Jobs without a result that this sweep alone asks for.
    func unfinishedOnly(in name: String) throws -> Int {
        try connection.row(
            """
            SELECT count(*) FROM sweeps JOIN sweep_jobs ON sweep_jobs.sweep = sweeps.id JOIN jobs ON jobs.id = sweep_jobs.job
            WHERE sweeps.name = ? AND state IN ('pending', 'leased', 'quarantined') AND holders = 1
            """, [.text(name)])!.int(0)
    }
}
