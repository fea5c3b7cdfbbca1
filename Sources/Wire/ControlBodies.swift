import Sweep

/// What an operator wants done to a sweep, a job or a worker.
public struct ControlRequest: Codable, Sendable, Hashable {
    public enum Action: String, Codable, Sendable, CaseIterable {
        /// Give out no more of it; what runs writes a checkpoint and is handed back. For a worker: finish nothing more.
        case pause
        /// Undo ``pause``.
        case resume
        /// Take every job without a result out of the queue; what runs is stopped.
        case cancel
        /// Put jobs that failed for good or were cancelled back into the queue, end backoffs, and let a job that can go on from its
        /// checkpoint nowhere start from its beginning.
        case retry
        /// Change the priority.
        case prioritise
    }

    public var action: Action
    /// With ``Action/prioritise``: for a sweep its priority, for a job what is added to its sweep's; -1000...1000.
    public var priority: Int?
    /// Who asks, for the event log, e.g. `anna@host`.
    public var who: String
    public init(action: Action, priority: Int? = nil, who: String) {
        self.action = action
        self.priority = priority
        self.who = who
    }
}

/// What became of a ``ControlRequest``.
public struct ControlResponse: Codable, Sendable, Hashable {
    /// Jobs whose state or place changed. Zero: it was so already.
    public var changed: Int
    public init(changed: Int) { self.changed = changed }
}

/// One line of the append-only event log.
public struct Event: Codable, Sendable, Hashable {
    /// Grows with every event.
    public var id: Int64
    /// Seconds since 1970.
    public var at: Double
    /// A worker, an operator or `coordinator`.
    public var who: String
    /// `leased`, `done`, `failed: …`, `paused` and so on.
    public var what: String
    /// The job's identity, if it is about one.
    public var job: String?
    /// The sweep's name, if it is about one.
    public var sweep: String?
    public init(id: Int64, at: Double, who: String, what: String, job: String?, sweep: String?) {
        self.id = id
        self.at = at
        self.who = who
        self.what = what
        self.job = job
        self.sweep = sweep
    }
}

/// Events in order.
public struct EventPage: Codable, Sendable {
    public var events: [Event]
    /// Pass as `after` to go on: the last event looked at.
    public var next: Int64
    public init(events: [Event], next: Int64) {
        self.events = events
        self.next = next
    }
}

/// A worker as the coordinator last heard of it.
public struct WorkerStatus: Codable, Sendable, Hashable {
    public var description: WorkerDescription
    /// Seconds since 1970 of the last time it asked for work or told of a job, give or take ten seconds.
    public var seen: Double
    /// Jobs it holds leases on.
    public var jobs: Int
    /// Whether an operator keeps new jobs from it.
    public var isPaused: Bool
    public init(description: WorkerDescription, seen: Double, jobs: Int, isPaused: Bool) {
        self.description = description
        self.seen = seen
        self.jobs = jobs
        self.isPaused = isPaused
    }
}

/// All workers heard of lately, by name.
public struct WorkerList: Codable, Sendable {
    public var workers: [WorkerStatus]
    public init(workers: [WorkerStatus]) { self.workers = workers }
}

/// Why a job runs, waits, was reused or ended.
public struct Explanation: Codable, Sendable, Hashable {
    public var identity: String
    public var state: JobState
    /// One fact each, the most important first.
    public var reasons: [String]
    /// The finished job that differs in the fewest parts of its identity, if any is near.
    public var nearest: Nearest?
    public init(identity: String, state: JobState, reasons: [String], nearest: Nearest? = nil) {
        self.identity = identity
        self.state = state
        self.reasons = reasons
        self.nearest = nearest
    }

    /// A finished job and how it differs.
    public struct Nearest: Codable, Sendable, Hashable {
        public var identity: String
        /// e.g. `epochs: 20 here, 40 there`.
        public var differences: [String]
        public init(identity: String, differences: [String]) {
            self.identity = identity
            self.differences = differences
        }
    }
}
