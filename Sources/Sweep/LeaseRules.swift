/// The rules of leases: pure transitions of a ``JobRecord``. Both ends of the network may repeat, delay or
/// reorder anything; whatever comes in, no result is recorded twice, none is lost, and a worker that wakes up
/// late overwrites nothing.
public enum LeaseRules {
    /// What a heartbeat brings back to a worker.
    public enum Action: String, Codable, Sendable {
        /// Go on.
        case `continue`
        /// Stop this job and forget it.
        case cancel
    }

    /// Why a request under a token is refused.
    public enum Refusal: Error, Hashable, Sendable {
        /// A newer lease was given out, or this one ran out: the token no longer counts.
        case staleToken(current: Int64)
        /// No lease with this token was ever given out.
        case unknownToken
    }

    /// What became of a posted result.
    public enum Completion: Hashable, Sendable {
        /// It is the job's result now. `late`: it came under a token that had run out.
        case recorded(late: Bool)
        /// The job has its result already: from this token (a replay) or from another (`superseded`).
        case alreadyRecorded(superseded: Bool)
    }

    /// What became of a posted failure, or of a lease that ran out.
    public enum Ending: Hashable, Sendable {
        case retried(after: Double)
        case quarantined
        /// The same report came before.
        case replayed
    }

    /// Gives the job out until `now + duration` and returns the new fencing token, or `nil` if the job is not to
    /// be had: not pending, or still in its backoff.
    public static func lease(_ job: inout JobRecord, to worker: String, now: Double, duration: Double) -> Int64? {
        guard job.state == .pending, job.notBefore <= now else { return nil }
        job.token += 1
        job.state = .leased
        job.hold = .init(worker: worker, expires: now + duration)
        return job.token
    }

    /// Prolongs a lease. A holder whose lease ran out but whose job nobody else has taken keeps it: training
    /// that went on through an outage is not thrown away.
    public static func heartbeat(
        _ job: inout JobRecord, token: Int64, worker: String, now: Double, duration: Double
    ) throws(Refusal) -> Action {
        guard token > 0, token <= job.token else { throw .unknownToken }
        switch job.state {
        case .done, .cancelled:
            return .cancel
        case .leased:
            guard token == job.token else { throw .staleToken(current: job.token) }
        case .pending:
            guard token == job.token, token != job.endedToken else { throw .staleToken(current: job.token) }
            job.state = .leased
        case .failed, .quarantined:
            throw .staleToken(current: job.token)
        }
        job.hold = .init(worker: worker, expires: now + duration)
        return .continue
    }

    /// Takes a checkpoint that is at least as far as the one the job has.
    public static func checkpoint(
        _ job: inout JobRecord, token: Int64, checkpoint: JobRecord.Checkpoint
    ) throws(Refusal) {
        guard token > 0, token <= job.token else { throw .unknownToken }
        guard token == job.token, token != job.endedToken, job.state == .leased || job.state == .pending else {
            throw .staleToken(current: job.token)
        }
        if checkpoint.epoch >= job.checkpoint?.epoch ?? 0 { job.checkpoint = checkpoint }
    }

    /// Takes a complete result. Equal jobs give equal numbers, so a result under an old token is as good as one
    /// under the newest, and the first to come is kept; the holder of a newer lease learns it at its next heartbeat.
    public static func complete(_ job: inout JobRecord, token: Int64) throws(Refusal) -> Completion {
        guard token > 0, token <= job.token else { throw .unknownToken }
        if job.state == .done { return .alreadyRecorded(superseded: job.resultToken != token) }
        let late = token != job.token || job.state != .leased
        job.state = .done
        job.resultToken = token
        job.hold = nil
        return .recorded(late: late)
    }

    /// Takes a failure report: back to `pending` after a backoff, or `quarantined` after the last attempt.
    /// - Parameter jitter: a number in 0..<1 that spreads the backoff over its upper half.
    public static func fail(
        _ job: inout JobRecord, token: Int64, retry: SweepPolicy.RetryPolicy, now: Double, jitter: Double
    ) throws(Refusal) -> Ending {
        guard token > 0, token <= job.token else { throw .unknownToken }
        if token == job.endedToken { return .replayed }
        guard token == job.token, job.state == .leased || job.state == .pending else {
            throw .staleToken(current: job.token)
        }
        // A lease that ran out was counted then; its late failure report is not a second failure.
        let counted = job.state == .pending
        return end(&job, counting: !counted, retry: retry, now: now, jitter: jitter)
    }

    /// Takes a lease back without blame: a worker that leaves in good order.
    public static func release(_ job: inout JobRecord, token: Int64) throws(Refusal) {
        guard token > 0, token <= job.token else { throw .unknownToken }
        if token == job.endedToken { return }
        guard token == job.token, job.state == .leased || job.state == .pending else {
            throw .staleToken(current: job.token)
        }
        job.state = .pending
        job.endedToken = token
        job.hold = nil
    }

    /// Ends a lease that has run out, or returns `nil` if it has not. The token stays valid until the job is
    /// leased again (see ``heartbeat(_:token:worker:now:duration:)``).
    public static func expire(
        _ job: inout JobRecord, retry: SweepPolicy.RetryPolicy, now: Double, jitter: Double
    ) -> Ending? {
        guard job.state == .leased, let hold = job.hold, hold.expires <= now else { return nil }
        let token = job.endedToken
        let ending = end(&job, counting: true, retry: retry, now: now, jitter: jitter)
        if job.state == .pending {
            job.endedToken = token
            // The machine was lost, not the job: nothing is gained by waiting.
            job.notBefore = now
        }
        return ending
    }

    private static func end(
        _ job: inout JobRecord, counting: Bool, retry: SweepPolicy.RetryPolicy, now: Double, jitter: Double
    ) -> Ending {
        if counting { job.failedAttempts += 1 }
        job.endedToken = job.token
        job.hold = nil
        if job.failedAttempts >= retry.maxAttempts {
            job.state = .quarantined
            return .quarantined
        }
        let exponent = Double(max(0, job.failedAttempts - 1))
        var doubled = retry.backoffMinimum
        for _ in 0..<Int(min(exponent, 64)) where doubled < retry.backoffMaximum { doubled *= 2 }
        let wait = min(doubled, retry.backoffMaximum) * (0.5 + 0.5 * jitter)
        job.state = .pending
        job.notBefore = now + wait
        return .retried(after: wait)
    }
}
