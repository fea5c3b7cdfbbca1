import Catalogue
import Foundation
import Sweep
import Wire

/// What workers report of the jobs they hold.
extension Ledger {
    func heartbeat(
        _ identity: String, _ request: HeartbeatRequest, duration: Double
    ) throws -> LeaseRules.Action {
        var entry = try entry(identity)
        let (worker, instance) = try holder(of: entry, request.token.number)
        let isHeld = try sweep(entry.sweep).isPaused || isPaused(worker: instance)
        let action = try ruled { () throws(LeaseRules.Refusal) in
            try rules.heartbeat(
                &entry.record, token: request.token.number, worker: worker, instance: instance, isHeld: isHeld, now: now, duration: duration)
        }
        guard action != .cancel else { return action }
        try hear(instance)
        if entry.stored == .pending {
            try connection.run(
                "UPDATE attempts SET ended = NULL, outcome = NULL, error = NULL WHERE job = ? AND token = ?",
                [.integer(entry.id), .integer(request.token.number)])
            log("held on to", who: worker, job: entry.id, sweep: entry.sweep)
        }
        try save(entry)
        if let progress = request.progress {
            let share = min(1, max(0, progress.share))
            try connection.add([.integer(entry.id), .text(try Self.text(progress)), .real(share)], to: Self.newProgress)
        }
        if let piece = request.log { try append(piece, to: entry.id, token: request.token.number) }
        if let points = request.curve { try note(points, of: entry.id) }
        return action
    }

    /// Whom a lease was given to, whatever has become of it since.
    private func holder(of entry: JobEntry, _ token: Int64) throws -> (worker: String, instance: String) {
        if let hold = entry.record.hold, token == entry.record.token { return (hold.worker, hold.instance) }
        let row = try connection.row(
            "SELECT worker, instance FROM attempts WHERE job = ? AND token = ?", [.integer(entry.id), .integer(token)])
        return (row?.text(0) ?? "", row?.text(1) ?? "")
    }

    /// - Returns: also the digest of a checkpoint that is no longer needed.
    func checkpoint(
        _ identity: String, _ request: CheckpointRequest
    ) throws -> (Acknowledgement, unneeded: String?) {
        var entry = try entry(identity)
        let before = entry.record.checkpoint
        try ruled { () throws(LeaseRules.Refusal) in
            try rules.checkpoint(&entry.record, token: request.token.number, checkpoint: request.checkpoint)
        }
        let answer = Acknowledgement(state: entry.record.state, recorded: true)
        guard entry.record.checkpoint != before else { return (answer, nil) }
        try save(entry)
        let isSame = before?.sha256 == request.checkpoint.sha256
        return (answer, isSame ? nil : try unneeded(before?.sha256))
    }

    /// - Parameter text: the result as it is kept.
    /// - Returns: also the digest of a checkpoint that is no longer needed.
    func complete(
        _ identity: String, _ request: ResultRequest, text: String
    ) throws -> (Acknowledgement, unneeded: String?) {
        var entry = try entry(identity)
        let completion = try ruled { () throws(LeaseRules.Refusal) in
            try rules.complete(&entry.record, token: request.token.number)
        }
        guard case .recorded(let isLate) = completion else {
            return (Acknowledgement(state: .done, recorded: completion == .alreadyRecorded(superseded: false)), nil)
        }
        let checkpoint = entry.record.checkpoint?.sha256
        let none = SQLValue.null
        try connection.add(
            [
                .integer(entry.id), .text(JobState.done.rawValue), .flag(false), none, none, none, none, none, none, none, .flag(false),
                .integer(request.token.number), .text(JSONMember.value(of: "metrics", in: text.utf8)),
                .text(try EngineText.text(request.result.engine)), .text(text), .real(request.result.wallSeconds), .real(now), .real(1),
            ], to: Self.finished)
        entry.record.checkpoint = nil
        entry.record.isAwaitingTraining = false
        changed(entry.identity, to: entry.written(isReady: false))
        try moved(entry, to: .done, isReady: false)
        if let training = entry.training {
            let weights = request.result.artefacts.first { $0.name == JobFile.weights }
            try trained(training, weights: weights?.sha256)
        }
        // Sums must stay numbers, whatever a worker's clock said: a century is beyond every job.
        if entry.holders > 0 { countWall(entry.sweep, entry.jobClass, min(max(0, request.result.wallSeconds), 3e9)) }
        for digest in Set(request.result.artefacts.map(\.sha256)).sorted() {
            try connection.add([.text(digest), .integer(entry.id)], to: Self.newFile)
        }
        try finishLog(of: entry.id, request)
        if isLate {
            // Whoever else has the job shall see in its list of attempts why it was told to stop.
            try endAttempt(entry.id, nil, "superseded")
        }
        try endAttempt(entry.id, request.token.number, "done")
        log(isLate ? "done, late" : "done", who: request.result.worker, job: entry.id, sweep: entry.sweep)
        return (Acknowledgement(state: .done, recorded: true), try unneeded(checkpoint))
    }

    func fail(_ identity: String, _ request: FailureRequest, jitter: Double) throws -> Acknowledgement {
        var entry = try entry(identity)
        let worker = entry.record.hold?.worker ?? "worker"
        func fail() throws -> LeaseRules.Ending {
            let retry = try sweep(entry.sweep).policy.policy.retry
            return try ruled { () throws(LeaseRules.Refusal) in
                try rules.fail(
                    &entry.record, token: request.token.number, kind: request.kind, retry: retry, now: now, jitter: jitter)
            }
        }
        let before = entry
        guard try fail() != .replayed else { return endAcknowledgement(entry.record) }
        if request.kind == .outOfMemory {
            entry = before
            if try !replaceWithSmaller(&entry) {
                _ = try fail()
                try save(entry)
                try connection.run("UPDATE jobs SET avoid = ? WHERE id = ?", [.text(before.record.hold?.instance), .integer(entry.id)])
                changed(entry.identity, to: nil)
            }
        } else {
            try save(entry)
        }
        try connection.run(
            """
            UPDATE attempts SET ended = ?, outcome = 'failed', error = ?, log_tail = ?, signal = ?
            WHERE job = ? AND token = ?
            """,
            [
                .real(now), .text(request.error), .text(request.logTail), .int(request.signal), .integer(entry.id),
                .integer(request.token.number),
            ])
        if let piece = request.log { try append(piece, to: entry.id, token: request.token.number) }
        log("failed: \(request.error)", who: worker, job: entry.id, sweep: entry.sweep)
        logQuarantine(of: entry)
        return endAcknowledgement(entry.record)
    }

    func release(_ identity: String, _ request: ReleaseRequest) throws -> Acknowledgement {
        var entry = try entry(identity)
        let before = entry.record
        try ruled { () throws(LeaseRules.Refusal) in try rules.release(&entry.record, token: request.token.number) }
        if entry.record != before {
            try save(entry)
            try endAttempt(entry.id, request.token.number, "released")
            if let piece = request.log { try append(piece, to: entry.id, token: request.token.number) }
            log("released", who: before.hold?.worker ?? "worker", job: entry.id, sweep: entry.sweep)
        }
        return endAcknowledgement(entry.record)
    }

    /// Ends leases that have run out, at most `limit`.
    /// - Returns: how many.
    func expire(limit: Int = 500) throws -> Int {
        try wakeDue()
        let due = try connection.rows(
            "SELECT \(JobEntry.columns) FROM jobs WHERE state = 'leased' AND expires <= ? ORDER BY expires LIMIT ?"
                + connection.dialect.holdingFree,
            [.real(now), .int(limit)])
        for row in due {
            var entry = JobEntry(row)
            let evidence = try evidence(of: entry)
            let retry = try sweep(entry.sweep).policy.policy.retry
            guard rules.expire(&entry.record, retry: retry, now: now) else { continue }
            try save(entry)
            try endAttempt(entry.id, entry.record.token, "expired")
            try connection.run(
                "UPDATE attempts SET error = ? WHERE job = ? AND token = ?",
                [.text(evidence), .integer(entry.id), .integer(entry.record.token)])
            log("expired: \(evidence)", who: "coordinator", job: entry.id, sweep: entry.sweep)
            logQuarantine(of: entry)
        }
        return due.count
    }

    /// What is known of a worker that is not heard of any more: a machine that is lost again and again shows.
    private func evidence(of entry: JobEntry) throws -> String {
        let row = try connection.row(
            "SELECT progress, (SELECT description FROM workers WHERE workers.instance = jobs.instance) FROM jobs WHERE id = ?",
            [.integer(entry.id)])
        let progress: JobProgress? = try row?.optionalText(0).map { try WireCoding.decode(from: Data($0.utf8)) }
        let description: WorkerDescription? = try row?.optionalText(1).map { try WireCoding.decode(from: Data($0.utf8)) }
        let place = description.map { " on \($0.host)" } ?? ""
        let last = progress.map { "; the last news of it was: \($0.summary)" } ?? ""
        return "worker \(entry.record.hold?.worker ?? "?")\(place) was not heard of any more\(last)"
    }

    /// Whether ``expire(limit:)`` would do anything.
    func isAnythingDue() throws -> Bool {
        try connection.row(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM jobs WHERE state = 'leased' AND expires <= ?)
            OR EXISTS (SELECT 1 FROM jobs WHERE state = 'pending' AND ready = 0 AND paused = 0 AND awaiting = 0 AND not_before <= ?)
            """,
            [.real(now), .real(now)]) != nil
    }

    /// Gives the leases of a former run time to be heard of again.
    func adoptLeases(duration: Double) throws {
        let until = now + duration
        // What others on the same database have prolonged beyond that stays so; alone nobody has.
        try connection.run(
            "UPDATE jobs SET expires = ? WHERE state = 'leased'" + (connection.dialect == .sqlite ? "" : " AND expires < ?"),
            [.real(until)] + (connection.dialect == .sqlite ? [] : [.real(until)]))
        try catchUp()
    }

    /// The machine's clock may have been set back while no coordinator ran: what lies behind the last event then waits as long as it
    /// was to wait after that.
    private func catchUp() throws {
        guard connection.dialect == .sqlite, let last = try connection.row("SELECT at FROM events ORDER BY id DESC LIMIT 1", [])?.real(0),
            last > now
        else { return }
        try connection.run(
            "UPDATE jobs SET not_before = ? WHERE state = 'pending' AND not_before > ? AND not_before <= ?", [.real(now), .real(now), .real(last)])
        try connection.run(
            "UPDATE jobs SET not_before = not_before - ? WHERE state = 'pending' AND not_before > ?", [.real(last - now), .real(last)])
        try connection.run("UPDATE jobs SET idle_since = ? WHERE state = 'pending' AND idle_since > ?", [.real(now), .real(now)])
        try connection.run("UPDATE workers SET seen = ? WHERE seen > ?", [.real(now), .real(now)])
    }

    /// Forgets workers that have not been heard of for a week.
    func forgetWorkers() throws {
        try connection.run("DELETE FROM workers WHERE seen < ?", [.real(now - 7 * 86_400)])
    }

    private func logQuarantine(of entry: JobEntry) {
        guard entry.record.state == .quarantined else { return }
        let (failed, lost) = (entry.record.failedAttempts, entry.record.lostLeases)
        let counted = [failed > 0 ? "\(failed) failed attempts" : nil, lost > 0 ? "\(lost) leases that were lost with their workers" : nil]
        log(
            "quarantined after \(counted.compactMap { $0 }.joined(separator: " and "))", who: "coordinator", job: entry.id,
            sweep: entry.sweep)
    }

    /// A replay gets the first answer, whoever has the job by then.
    private func endAcknowledgement(_ record: JobRecord) -> Acknowledgement {
        let isOver = record.state == .quarantined || record.state == .cancelled
        return Acknowledgement(state: isOver ? record.state : .pending, recorded: true)
    }

    /// - Parameter token: `nil`: every attempt that has not ended.
    func endAttempt(_ job: Int64, _ token: Int64?, _ outcome: String) throws {
        if let token {
            try connection.add([.integer(job), .integer(token), .real(now), .text(outcome)], to: Self.endedAttempt)
        } else {
            try connection.run(
                "UPDATE attempts SET ended = ?, outcome = ? WHERE job = ? AND outcome IS NULL",
                [.real(now), .text(outcome), .integer(job)])
        }
    }

    private static let newProgress = RowShape.update("jobs", "progress", keys: [.integer("id")], set: [.text("progress"), .real("share")])
    private static let newFile = RowShape.insert(
        "result_files", [.text("sha256"), .integer("job")], keys: 2, tail: "ON CONFLICT DO NOTHING")
    private static let endedAttempt = RowShape.update(
        "attempts", "end", keys: [.integer("job"), .integer("token")], set: [.real("ended"), .text("outcome")])
    private static let finished = RowShape.update(
        "jobs", "result", keys: [.integer("id")],
        set: [
            .text("state"), .integer("ready"), .text("worker"), .text("instance"), .real("expires"), .text("checkpoint"),
            .integer("checkpoint_work"), .text("checkpoint_engine"), .text("platform"), .integer("awaiting"), .integer("result_token"),
            .text("metrics"), .text("engine"), .text("result"), .real("wall"), .real("finished"), .real("share"),
        ])
}
