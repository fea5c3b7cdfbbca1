import Catalogue
import Foundation
import Sweep
import Wire

extension Ledger {
    /// Gives out up to `count` jobs that the worker can do: sweeps of the highest priority first, among equals the one
    /// with the fewest jobs running.
    /// - Parameter holding: ``LeaseRequest/holding``.
    /// - Returns: the jobs, and whether others may be had by somebody.
    func lease(
        to worker: WorkerDescription, count: Int, holding: [String]? = nil, now: Double, duration: Double
    ) throws -> (jobs: [LeasedJob], isMoreLeft: Bool) {
        try wakeDue(now: now)
        try note(worker, now: now)
        var leased = try holding.map { try lostLeases(of: worker.name, except: Set($0), now: now, duration: duration) } ?? []
        guard try !isPaused(worker: worker.name) else { return (leased, false) }
        var candidates = try self.candidates(for: worker)
        while leased.count < count, let best = candidates.indices.min(by: { candidates[$0].goesBefore(candidates[$1]) }) {
            let candidate = candidates[best]
            guard candidate.room > 0, !candidate.buffer.isEmpty || !candidate.isExhausted else {
                candidates.remove(at: best)
                continue
            }
            guard !candidate.buffer.isEmpty else {
                // What it is found to hold may put another before it.
                try fill(&candidates[best], most: count - leased.count)
                continue
            }
            let (entry, job, _) = candidates[best].buffer.removeFirst()
            if let given = try give(entry, job, of: candidates[best].sweep, to: worker, now: now, duration: duration) {
                leased.append(given)
                candidates[best].running += 1
                candidates[best].room -= 1
            }
        }
        return (leased, try readyQueues().contains { $0.value > 0 })
    }

    private func give(
        _ entry: JobEntry, _ job: String, of sweep: SweepRow, to worker: WorkerDescription, now: Double, duration: Double
    ) throws -> LeasedJob? {
        var entry = entry
        guard let token = rules.lease(&entry.record, to: worker.name, now: now, duration: duration) else {
            // The clock was set back, into the job's backoff: it leaves its queue until that is over once more.
            try save(entry, now: now)
            return nil
        }
        try connection.run(
            """
            UPDATE jobs SET state = 'leased', ready = 0, token = ?, worker = ?, expires = ?, progress = NULL, share = 0
            WHERE id = ?
            """,
            [.integer(token), .text(worker.name), .real(now + duration), .integer(entry.id)])
        try moved(entry, to: .leased, isReady: false)
        let weights = try entry.training.flatMap { try trainedWeights($0) }
        openAttempt(entry.id, token: token, worker: worker.name, at: now)
        log("leased", who: worker.name, job: entry.id, sweep: entry.sweep, at: now)
        return leasedJob(entry, job, of: sweep, trainedWeights: weights)
    }

    private func leasedJob(_ entry: JobEntry, _ job: String, of sweep: SweepRow, trainedWeights: String?) -> LeasedJob {
        LeasedJob(
            identity: entry.identity, job: job, token: entry.record.token, attempt: entry.record.failedAttempts + 1,
            checkpoint: entry.record.checkpoint, checkpointInterval: sweep.policy.checkpointInterval,
            trainedWeights: trainedWeights, artefacts: sweep.policy.artefacts,
            evaluateEvery: sweep.policy.policy.evaluateEvery)
    }

    /// Leases that a worker was given but does not know of, since the answer was lost on its way. They are what they were,
    /// under the same tokens: no attempt is lost with the answer.
    private func lostLeases(
        of worker: String, except known: Set<String>, now: Double, duration: Double
    ) throws -> [LeasedJob] {
        let rows = try connection.rows(
            "SELECT \(JobEntry.columns), job FROM jobs WHERE state = 'leased' AND worker = ? ORDER BY id" + connection.dialect.holdingFree,
            [.text(worker)])
        return try rows.compactMap { row in
            let entry = JobEntry(row)
            guard !known.contains(entry.identity) else { return nil }
            try connection.run("UPDATE jobs SET expires = ? WHERE id = ?", [.real(now + duration), .integer(entry.id)])
            let weights = try entry.training.flatMap { try trainedWeights($0) }
            return try leasedJob(entry, row.text(JobEntry.width), of: sweep(entry.sweep), trainedWeights: weights)
        }
    }

    /// A sweep that has jobs for the worker.
    private struct Candidate {
        let sweep: SweepRow
        let classes: [Int64]
        /// Whether the worker can do every job that is ready.
        let isWhole: Bool
        var running: Int
        /// How many more of its jobs may run.
        var room: Int
        /// Its next jobs.
        var buffer: [(entry: JobEntry, job: String, boost: Int)] = []
        /// Whether nothing is left beyond the buffer.
        var isExhausted = false

        /// The boost of its next job, as far as that is known.
        private var boost: Int { buffer.first?.boost ?? 0 }

        func goesBefore(_ other: Candidate) -> Bool {
            (-(sweep.priority + boost), running, sweep.id) < (-(other.sweep.priority + other.boost), other.running, other.sweep.id)
        }
    }

    private func candidates(for worker: WorkerDescription) throws -> [Candidate] {
        var classes: [Int64: [Int64]] = [:]
        var unfit: Set<Int64> = []
        for (key, ready) in try readyQueues() where ready > 0 {
            if try canDo(jobClass(key.jobClass), worker) {
                classes[key.sweep, default: []].append(key.jobClass)
            } else {
                unfit.insert(key.sweep)
            }
        }
        var candidates: [Candidate] = []
        for (id, classes) in classes {
            let sweep = try sweep(id)
            guard !sweep.isPaused, sweep.policy.policy.requires.unmet(by: worker).isEmpty else { continue }
            var candidate = Candidate(
                sweep: sweep, classes: classes.sorted(), isWhole: !unfit.contains(id), running: try running(id),
                room: try room(in: sweep))
            guard candidate.room > 0 else { continue }
            // Only where an operator has moved jobs does the place of a sweep depend on its first job.
            if sweep.isBoosted { try fill(&candidate, most: 1) }
            candidates.append(candidate)
        }
        return candidates
    }

    /// How many more jobs of a sweep may run.
    private func room(in sweep: SweepRow) throws -> Int {
        let limits = sweep.policy.policy.limits
        if let most = limits.maxFailed, try counter(sweep.id, .quarantined) >= most { return 0 }
        guard let most = limits.parallel else { return .max }
        // Other coordinators on the same database count too: one at a time, from here to the commit.
        if connection.dialect == .postgres {
            _ = try connection.rows("SELECT id FROM sweeps WHERE id = ? FOR UPDATE", [.integer(sweep.id)])
        }
        return try most - counter(sweep.id, .leased)
    }

    private func canDo(_ job: JobClass, _ worker: WorkerDescription) -> Bool {
        job.core == worker.coreVersion && worker.datasets[job.dataset] == job.fingerprint
            && worker.methods.contains(job.method) && job.weights.allSatisfy(worker.weights.contains)
    }

    /// Reads the next jobs of a candidate that has none at hand.
    private func fill(_ candidate: inout Candidate, most: Int) throws {
        let limit = min(most, candidate.room)
        let select = "SELECT \(JobEntry.columns), job, boost, position FROM jobs WHERE ready = 1 AND sweep = ?"
        let order = " ORDER BY boost DESC, position LIMIT ?" + connection.dialect.holdingFree
        let id = SQLValue.integer(candidate.sweep.id)
        var rows: [SQLRow]
        if candidate.isWhole {
            rows = try connection.rows(select + order, [id, .int(limit)])
        } else {
            rows = []
            for jobClass in candidate.classes {
                rows += try connection.rows(select + " AND class = ?" + order, [id, .integer(jobClass), .int(limit)])
            }
            rows.sort { (-$0.integer(Self.boostColumn), $0.integer(Self.boostColumn + 1)) < (-$1.integer(Self.boostColumn), $1.integer(Self.boostColumn + 1)) }
            rows = Array(rows.prefix(limit))
        }
        candidate.isExhausted = rows.count < limit
        candidate.buffer = rows.map { (JobEntry($0), $0.text(JobEntry.width), $0.int(Self.boostColumn)) }
    }

    /// Where the boost stands behind a job's entry and description; its position comes next.
    private static let boostColumn = JobEntry.width + 1

    /// Puts jobs whose backoff is over into their queues.
    func wakeDue(now: Double) throws {
        let due = try connection.rows(
            """
            UPDATE jobs SET ready = 1 WHERE state = 'pending' AND ready = 0 AND paused = 0 AND not_before <= ?
            RETURNING sweep, class
            """,
            [.real(now)])
        for row in due { queue(row.integer(0), row.integer(1), 1) }
    }
}

extension SweepPolicy.Requirements {
    /// What the worker lacks, in words that go behind "it"; empty: nothing.
    func unmet(by worker: WorkerDescription) -> [String] {
        var lacks: [String] = []
        if device != "any", !worker.device.hasPrefix(device) { lacks.append("has device '\(worker.device)', not '\(device)'") }
        if worker.memory < memory { lacks.append("has \(worker.memory >> 20) MiB of memory, not \(memory >> 20)") }
        for tag in tags where !worker.tags.contains(tag) { lacks.append("lacks the tag '\(tag)'") }
        for name in weights where !worker.weights.contains(name) { lacks.append("lacks the weights '\(name)'") }
        return lacks
    }
}
