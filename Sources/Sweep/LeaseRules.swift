/// The rules of leases: pure transitions of a ``JobRecord``. Both ends of the network may repeat, delay or
/// reorder anything; whatever comes in, no result is recorded twice, none is lost, and a worker that wakes up
/// late overwrites nothing.
public struct LeaseRules: Sendable {
    /// The rules that are in force wherever work is done.
    public static let standard = LeaseRules()

    /// Whether a token that is not the newest is refused.
    let isFencing: Bool
    /// Whether a report that came before changes nothing.
    let isIdempotent: Bool
    /// Whether a checkpoint with less work than the job's own is passed over.
    let guardsCheckpoints: Bool
    /// Whether who gives a training away can no longer come back to it.
    let fencesTrainers: Bool

    /// With a rule switched off, for tests that must notice.
    package init(isFencing: Bool = true, isIdempotent: Bool = true, guardsCheckpoints: Bool = true, fencesTrainers: Bool = true) {
        self.isFencing = isFencing
        self.isIdempotent = isIdempotent
        self.guardsCheckpoints = guardsCheckpoints
        self.fencesTrainers = fencesTrainers
    }

    /// What a heartbeat brings back to a worker.
    public enum Action: String, Codable, Sendable {
        /// Go on.
        case `continue`
        /// Stop this job and forget it.
        case cancel
        /// Write a checkpoint and hand the job back: it, its sweep or the worker is held.
        case drain
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

    /// What became of a posted failure.
    public enum Ending: Hashable, Sendable {
        case retried(after: Double)
        case quarantined
        /// The same report came before.
        case replayed
    }

    /// Gives the job out until `now + duration` and returns the new fencing token, or `nil` if the job is not to
    /// be had: not pending, held, waiting for its training, or still in its backoff.
    /// - Parameters:
    ///   - worker: the worker's name.
    ///   - instance: which of that name it is.
    public func lease(_ job: inout JobRecord, to worker: String, instance: String, now: Double, duration: Double) -> Int64? {
        guard job.state == .pending, !job.isPaused, !job.isAwaitingTraining, job.notBefore <= now else { return nil }
        job.token += 1
        job.state = .leased
        job.hold = .init(worker: worker, instance: instance, expires: now + duration)
        return job.token
    }

    /// Prolongs a lease. A holder whose lease ran out but whose job nobody else has taken keeps it: training
    /// that went on through an outage is not thrown away.
    /// - Parameters:
    ///   - worker: the name of the worker that was given the lease.
    ///   - instance: which of that name it is.
    ///   - isHeld: whether the job's sweep or its worker is to do no work now.
    public func heartbeat(
        _ job: inout JobRecord, token: Int64, worker: String, instance: String, isHeld: Bool = false, now: Double, duration: Double
    ) throws(Refusal) -> Action {
        try known(token, job)
        switch job.state {
        case .done, .cancelled:
            return .cancel
        case .leased:
            try newest(token, job)
        case .pending:
            try newest(token, job)
            if isFencing, token == job.endedToken { throw .staleToken(current: job.token) }
            job.state = .leased
            // The lease that ran out is not lost after all.
            job.lostLeases = max(0, job.lostLeases - 1)
        case .quarantined:
            throw .staleToken(current: job.token)
        }
        job.hold = .init(worker: worker, instance: instance, expires: now + duration)
        return isHeld || job.isPaused ? .drain : .continue
    }

    /// Takes a checkpoint that is at least as far as the one the job has.
    public func checkpoint(
        _ job: inout JobRecord, token: Int64, checkpoint: JobRecord.Checkpoint
    ) throws(Refusal) {
        try known(token, job)
        if isIdempotent, checkpoint == job.checkpoint, token == job.token { return }
        try running(token, job)
        if isFencing, token == job.endedToken { throw .staleToken(current: job.token) }
        if !guardsCheckpoints || checkpoint.work >= job.checkpoint?.work ?? 0 { job.checkpoint = checkpoint }
    }

    /// Takes a complete result. Equal jobs give equal numbers, so a result under an old token is as good as one
    /// under the newest, and the first to come is kept; the holder of a newer lease learns it at its next heartbeat.
    public func complete(_ job: inout JobRecord, token: Int64) throws(Refusal) -> Completion {
        try known(token, job)
        if job.state == .done, isIdempotent { return .alreadyRecorded(superseded: job.resultToken != token) }
        let late = token != job.token || job.state != .leased
        job.state = .done
        job.resultToken = token
        job.hold = nil
        return .recorded(late: late)
    }

    /// Takes a failure report: back to `pending` after a backoff, or `quarantined` after the last attempt or after a
    /// failure that the policy does not try again.
    /// - Parameter jitter: a number in 0..<1 that spreads the backoff over its upper half.
    public func fail(
        _ job: inout JobRecord, token: Int64, kind: FailureKind = .error, retry: SweepPolicy.RetryPolicy, now: Double,
        jitter: Double
    ) throws(Refusal) -> Ending {
        try known(token, job)
        if isIdempotent, token == job.endedToken { return .replayed }
        try running(token, job)
        // A lease that ran out was counted as lost then; now it is known to have failed.
        if job.state == .pending { job.lostLeases = max(0, job.lostLeases - 1) }
        job.failedAttempts += 1
        job.endedToken = job.token
        job.hold = nil
        guard job.failedAttempts < retry.maxAttempts, retry.retryOn.contains(kind) else {
            job.state = .quarantined
            return .quarantined
        }
        let wait = retry.backoff(afterFailures: job.failedAttempts) * (0.5 + 0.5 * jitter)
        job.state = .pending
        job.notBefore = now + wait
        return .retried(after: wait)
    }

    /// Takes a lease back without blame: a worker that leaves in good order.
    public func release(_ job: inout JobRecord, token: Int64) throws(Refusal) {
        try known(token, job)
        if isIdempotent, token == job.endedToken { return }
        try running(token, job)
        if job.state == .pending, token != job.endedToken {
            // It had run out, and is handed back in good order all the same.
            job.lostLeases = max(0, job.lostLeases - 1)
        }
        job.state = .pending
        job.endedToken = token
        job.hold = nil
    }

    /// Ends a lease that has run out. That is counted apart from failures, since machines are lost for reasons that are not the
    /// job's, and nothing is gained by waiting. The token stays valid until the job is leased again (see
    /// ``heartbeat(_:token:worker:instance:isHeld:now:duration:)``), unless so many leases were lost that it is quarantined.
    /// - Returns: whether it had run out.
    public func expire(_ job: inout JobRecord, retry: SweepPolicy.RetryPolicy, now: Double) -> Bool {
        guard job.state == .leased, let hold = job.hold, hold.expires <= now else { return false }
        job.lostLeases += 1
        job.hold = nil
        if job.lostLeases >= retry.maxLost || !retry.retryOn.contains(.lost) {
            job.state = .quarantined
            job.endedToken = job.token
        } else {
            job.state = .pending
            job.notBefore = 0
        }
        return true
    }

    // MARK: Operators

    /// Takes a job that has no result out of the queue for good; its holder learns it at its next heartbeat.
    /// - Returns: whether that changed anything.
    public func cancel(_ job: inout JobRecord) -> Bool {
        guard job.state != .done, job.state != .cancelled else { return false }
        job.state = .cancelled
        job.hold = nil
        return true
    }

    /// Puts a job that failed for good or was cancelled back into the queue, with all its attempts before it.
    /// - Returns: whether that changed anything.
    public func retry(_ job: inout JobRecord, now: Double) -> Bool {
        switch job.state {
        // Who asks for it wants it to run, whatever was asked before it ended.
        case .quarantined, .cancelled: job.isPaused = false
        case .pending where job.notBefore > now: break
        case .pending, .leased, .done: return false
        }
        job.state = .pending
        job.failedAttempts = 0
        job.lostLeases = 0
        job.notBefore = 0
        // Whoever held it before has no claim any more.
        job.endedToken = job.token
        return true
    }

    /// Holds a job back or lets it go on.
    /// - Returns: whether that changed anything.
    public func pause(_ job: inout JobRecord, _ isPaused: Bool) -> Bool {
        guard job.isPaused != isPaused, !job.state.isFinal else { return false }
        job.isPaused = isPaused
        return true
    }

    // MARK: Trainings

    /// Whether nobody works on the job and nobody is going to, though it is the one that trains for others.
    public func isHeldUp(_ trainer: JobRecord) -> Bool {
        switch trainer.state {
        case .leased: false
        case .pending: trainer.isPaused
        case .done, .cancelled, .quarantined: true
        }
    }

    /// Lets a job train for all that wait for the same training.
    /// - Parameter checkpoint: what the one before it had, which is of the training and not of the job.
    public func promote(_ job: inout JobRecord, checkpoint: JobRecord.Checkpoint?) {
        job.isAwaitingTraining = false
        if checkpoint?.work ?? 0 > job.checkpoint?.work ?? 0 { job.checkpoint = checkpoint }
    }

    /// Takes a training from a job that no longer goes on with it, and with it the checkpoint: it waits for the next one's weights.
    /// Whoever held it has no claim any more, or two would train the same.
    /// - Returns: the checkpoint.
    public func giveWay(_ job: inout JobRecord) -> JobRecord.Checkpoint? {
        defer { job.checkpoint = nil }
        job.isAwaitingTraining = true
        if fencesTrainers { job.endedToken = job.token }
        return job.checkpoint
    }

    // MARK: Parts

    private func known(_ token: Int64, _ job: JobRecord) throws(Refusal) {
        guard token > 0, token <= job.token else { throw .unknownToken }
    }

    private func newest(_ token: Int64, _ job: JobRecord) throws(Refusal) {
        if isFencing, token != job.token { throw .staleToken(current: job.token) }
    }

    /// The token's lease is the newest and has not been ended by anybody but the clock.
    private func running(_ token: Int64, _ job: JobRecord) throws(Refusal) {
        try newest(token, job)
        guard job.state == .leased || job.state == .pending else { throw .staleToken(current: job.token) }
    }
}

extension SweepPolicy.RetryPolicy {
    /// The longest wait, in seconds, after so many failures: doubled each time, within bounds.
    fileprivate func backoff(afterFailures failures: Int) -> Double {
        var wait = backoffMinimum
        for _ in 1..<max(1, min(failures, 64)) where wait < backoffMaximum { wait *= 2 }
        return min(wait, backoffMaximum)
    }
}

/// Why an attempt ended badly, as far as it matters for trying again.
public enum FailureKind: String, Codable, CaseIterable, Sendable, Hashable {
    /// A signal ended the training process: a crash, or the kernel that ran out of memory.
    case crash
    /// The training code gave up and said why.
    case error
    /// The loss is not a number any more; the same seed will lead there again.
    case divergence
    /// An image, a mask or a file of weights is not what it should be; its fingerprint says that it is the same everywhere.
    case data
    /// The device or the machine had no memory left.
    case outOfMemory = "out_of_memory"
    /// A disk was full.
    case storage
    /// The lease ran out: the worker was not heard of any more.
    case lost
}
