import Catalogue
import Foundation
import Sweep
import Wire

/// What workers report of the jobs they hold.
extension Ledger {
    func heartbeat(
        _ identity: String, _ request: HeartbeatRequest, now: Double, duration: Double
    ) throws -> LeaseRules.Action {
        var entry = try entry(identity)
        let sweepIsPaused = try sweep(entry.sweep).isPaused
        let isHeld = try sweepIsPaused || isPaused(worker: request.worker)
        let action = try ruled { () throws(LeaseRules.Refusal) in
            try rules.heartbeat(
                &entry.record, token: request.token, worker: request.worker, isHeld: isHeld, now: now, duration: duration)
        }
        guard action != .cancel else { return action }
        try hear(request.worker, now: now)
        if entry.stored == .pending {
            try writeAttempts()
            try connection.run(
                "UPDATE attempts SET ended = NULL, outcome = NULL, error = NULL WHERE job = ? AND token = ?",
                [.integer(entry.id), .integer(request.token)])
            log("held on to", who: request.worker, job: entry.id, sweep: entry.sweep, at: now)
        }
        try save(entry, now: now)
        if let progress = request.progress {
            let share = min(1, max(0, progress.share))
            try connection.run(
                "UPDATE jobs SET progress = ?, share = ? WHERE id = ?",
                [.text(try Self.text(progress)), .real(share), .integer(entry.id)])
        }
        if let piece = request.log { try append(piece, to: entry.id, token: request.token) }
        if let points = request.curve { try note(points, of: entry.id) }
        return action
    }

    /// - Returns: also the digest of a checkpoint that is no longer needed.
    func checkpoint(
        _ identity: String, _ request: CheckpointRequest, now: Double
    ) throws -> (Acknowledgement, unneeded: String?) {
        var entry = try entry(identity)
        let before = entry.record.checkpoint
        try ruled { () throws(LeaseRules.Refusal) in
            try rules.checkpoint(&entry.record, token: request.token, checkpoint: request.checkpoint)
        }
        let answer = Acknowledgement(state: entry.record.state, recorded: true)
        guard entry.record.checkpoint != before else { return (answer, nil) }
        try save(entry, now: now)
        let isSame = before?.sha256 == request.checkpoint.sha256
        return (answer, isSame ? nil : try unneeded(before?.sha256))
    }

    /// - Parameter text: the result as it is kept.
    /// - Returns: also the digest of a checkpoint that is no longer needed.
    func complete(
        _ identity: String, _ request: ResultRequest, text: String, now: Double
    ) throws -> (Acknowledgement, unneeded: String?) {
        var entry = try entry(identity)
        let completion = try ruled { () throws(LeaseRules.Refusal) in
            try rules.complete(&entry.record, token: request.token)
        }
        guard case .recorded(let isLate) = completion else {
            return (Acknowledgement(state: .done, recorded: completion == .alreadyRecorded(superseded: false)), nil)
        }
        let checkpoint = entry.record.checkpoint?.sha256
        try connection.run(
            """
            UPDATE jobs SET state = 'done', ready = 0, worker = NULL, expires = NULL, checkpoint = NULL, checkpoint_work = NULL,
                checkpoint_engine = NULL, platform = NULL, awaiting = 0, result_token = ?, metrics = ?, engine = ?, result = ?, wall = ?,
                finished = ?, share = 1 WHERE id = ?
            """,
            [
                .integer(request.token), .text(JSONMember.value(of: "metrics", in: text.utf8)),
                .text(try EngineText.text(request.result.engine)), .text(text), .real(request.result.wallSeconds), .real(now),
                .integer(entry.id),
            ])
        try moved(entry, to: .done, isReady: false)
        if let training = entry.training {
            let weights = request.result.artefacts.first { $0.name == JobFile.weights }
            try trained(training, weights: weights?.sha256, now: now)
        }
        // Sums must stay numbers, whatever a worker's clock said: a century is beyond every job.
        countWall(entry.sweep, entry.jobClass, min(max(0, request.result.wallSeconds), 3e9))
        try insert(
            "INSERT INTO result_files (sha256, job)",
            Set(request.result.artefacts.map(\.sha256)).sorted().map { [.text($0), .integer(entry.id)] },
            tail: " ON CONFLICT DO NOTHING")
        try finishLog(of: entry.id, request)
        if isLate {
            // Whoever else has the job shall see in its list of attempts why it was told to stop.
            try endAttempt(entry.id, nil, "superseded", now: now)
        }
        try endAttempt(entry.id, request.token, "done", now: now)
        log(isLate ? "done, late" : "done", who: request.result.worker, job: entry.id, sweep: entry.sweep, at: now)
        return (Acknowledgement(state: .done, recorded: true), try unneeded(checkpoint))
    }

    func fail(_ identity: String, _ request: FailureRequest, now: Double, jitter: Double) throws -> Acknowledgement {
        var entry = try entry(identity)
        let worker = entry.record.hold?.worker ?? "worker"
        func fail() throws -> LeaseRules.Ending {
            let retry = try sweep(entry.sweep).policy.policy.retry
            return try ruled { () throws(LeaseRules.Refusal) in
                try rules.fail(
                    &entry.record, token: request.token, kind: request.kind, retry: retry, now: now, jitter: jitter)
            }
        }
        let before = entry
        guard try fail() != .replayed else { return endAcknowledgement(entry.record) }
        if request.kind == .outOfMemory {
            entry = before
            if try !replaceWithSmaller(&entry, now: now) {
                _ = try fail()
                try save(entry, now: now)
                try connection.run("UPDATE jobs SET avoid = ? WHERE id = ?", [.text(before.record.hold?.worker), .integer(entry.id)])
            }
        } else {
            try save(entry, now: now)
        }
        try writeAttempts()
        try connection.run(
            """
            UPDATE attempts SET ended = ?, outcome = 'failed', error = ?, log_tail = ?, signal = ?
            WHERE job = ? AND token = ?
            """,
            [
                .real(now), .text(request.error), .text(request.logTail), .int(request.signal), .integer(entry.id),
                .integer(request.token),
            ])
        if let piece = request.log { try append(piece, to: entry.id, token: request.token) }
        log("failed: \(request.error)", who: worker, job: entry.id, sweep: entry.sweep, at: now)
        logQuarantine(of: entry, now: now)
        return endAcknowledgement(entry.record)
    }

    func release(_ identity: String, _ request: ReleaseRequest, now: Double) throws -> Acknowledgement {
        var entry = try entry(identity)
        let before = entry.record
        try ruled { () throws(LeaseRules.Refusal) in try rules.release(&entry.record, token: request.token) }
        if entry.record != before {
            try save(entry, now: now)
            try endAttempt(entry.id, request.token, "released", now: now)
            if let piece = request.log { try append(piece, to: entry.id, token: request.token) }
            log("released", who: before.hold?.worker ?? "worker", job: entry.id, sweep: entry.sweep, at: now)
        }
        return endAcknowledgement(entry.record)
    }

    /// Ends leases that have run out, at most `limit`.
    /// - Returns: how many.
    func expire(now: Double, limit: Int = 500) throws -> Int {
        try wakeDue(now: now)
        let due = try connection.rows(
            "SELECT \(JobEntry.columns) FROM jobs WHERE state = 'leased' AND expires <= ? ORDER BY expires LIMIT ?"
                + connection.dialect.holdingFree,
            [.real(now), .int(limit)])
        for row in due {
            var entry = JobEntry(row)
            let worker = entry.record.hold?.worker ?? "the worker"
            let retry = try sweep(entry.sweep).policy.policy.retry
            guard rules.expire(&entry.record, retry: retry, now: now, jitter: 0) != nil else { continue }
            try save(entry, now: now)
            try endAttempt(entry.id, entry.record.token, "expired", now: now)
            try connection.run(
                "UPDATE attempts SET error = 'the worker was not heard of any more' WHERE job = ? AND token = ?",
                [.integer(entry.id), .integer(entry.record.token)])
            log("expired: \(worker) was not heard of any more", who: "coordinator", job: entry.id, sweep: entry.sweep, at: now)
            logQuarantine(of: entry, now: now)
        }
        return due.count
    }

    /// Whether ``expire(now:limit:)`` would do anything.
    func isAnythingDue(now: Double) throws -> Bool {
        try connection.row(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM jobs WHERE state = 'leased' AND expires <= ?)
            OR EXISTS (SELECT 1 FROM jobs WHERE state = 'pending' AND ready = 0 AND paused = 0 AND awaiting = 0 AND not_before <= ?)
            """,
            [.real(now), .real(now)]) != nil
    }

    /// Gives the leases of a former run time to be heard of again.
    func adoptLeases(until: Double) throws {
        try connection.run(
            "UPDATE jobs SET expires = ? WHERE state = 'leased' AND expires < ?", [.real(until), .real(until)])
    }

    /// Forgets workers that have not been heard of for a week.
    func forgetWorkers(now: Double) throws {
        try connection.run("DELETE FROM workers WHERE paused = 0 AND seen < ?", [.real(now - 7 * 86_400)])
    }

    private func logQuarantine(of entry: JobEntry, now: Double) {
        guard entry.record.state == .quarantined else { return }
        log(
            "quarantined after \(entry.record.failedAttempts) failed attempts", who: "coordinator", job: entry.id,
            sweep: entry.sweep, at: now)
    }

    /// A replay gets the first answer, whoever has the job by then.
    private func endAcknowledgement(_ record: JobRecord) -> Acknowledgement {
        let isOver = record.state == .quarantined || record.state == .cancelled
        return Acknowledgement(state: isOver ? record.state : .pending, recorded: true)
    }

    /// - Parameter token: `nil`: every attempt that has not ended.
    func endAttempt(_ job: Int64, _ token: Int64?, _ outcome: String, now: Double) throws {
        try writeAttempts()
        if let token {
            try connection.run(
                "UPDATE attempts SET ended = ?, outcome = ? WHERE job = ? AND token = ?",
                [.real(now), .text(outcome), .integer(job), .integer(token)])
        } else {
            try connection.run(
                "UPDATE attempts SET ended = ?, outcome = ? WHERE job = ? AND outcome IS NULL",
                [.real(now), .text(outcome), .integer(job)])
        }
    }
}
