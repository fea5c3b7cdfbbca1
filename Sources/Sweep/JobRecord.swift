import Catalogue

/// What the store keeps of a job's course, as far as the lease rules need it.
public struct JobRecord: Codable, Sendable, Hashable {
    /// The holder of the present lease.
    public struct Hold: Codable, Sendable, Hashable {
        /// The worker's name, for people.
        public var worker: String
        /// Which of the workers of that name: ``WorkerInstance``.
        public var instance: String
        /// Seconds since 1970 at which the lease runs out unless a heartbeat comes.
        public var expires: Double
        public init(worker: String, instance: String, expires: Double) {
            self.worker = worker
            self.instance = instance
            self.expires = expires
        }
    }

    /// The newest checkpoint that was accepted.
    public struct Checkpoint: Codable, Sendable, Hashable {
        public var sha256: String
        /// ``JobProgress/work`` done in it.
        public var work: Int
        /// Where it was made.
        public var engine: EngineClass
        public init(sha256: String, work: Int, engine: EngineClass) {
            self.sha256 = sha256
            self.work = work
            self.engine = engine
        }
    }

    public var state: JobState
    /// The fencing token of the newest lease; only ever grows. 0: never leased.
    public var token: Int64
    /// Attempts that failed. A lease handed back does not count, nor one that was lost with its worker.
    public var failedAttempts: Int
    /// Leases that ran out since their workers were not heard of any more.
    public var lostLeases: Int
    public var hold: Hold?
    /// Seconds since 1970 before which the job is not leased again.
    public var notBefore: Double
    public var checkpoint: Checkpoint?
    /// The token under which the last attempt ended with a failure or a release, for replays.
    public var endedToken: Int64
    /// The token whose result was taken; 0: none.
    public var resultToken: Int64
    /// Whether an operator holds the job back.
    public var isPaused: Bool
    /// Whether the job waits for another one that trains what it trains.
    public var isAwaitingTraining: Bool

    public init(
        state: JobState = .pending, token: Int64 = 0, failedAttempts: Int = 0, lostLeases: Int = 0, hold: Hold? = nil,
        notBefore: Double = 0, checkpoint: Checkpoint? = nil, endedToken: Int64 = 0, resultToken: Int64 = 0,
        isPaused: Bool = false, isAwaitingTraining: Bool = false
    ) {
        self.state = state
        self.token = token
        self.failedAttempts = failedAttempts
        self.lostLeases = lostLeases
        self.hold = hold
        self.notBefore = notBefore
        self.checkpoint = checkpoint
        self.endedToken = endedToken
        self.resultToken = resultToken
        self.isPaused = isPaused
        self.isAwaitingTraining = isAwaitingTraining
    }
}
