import Catalogue
import Sweep

/// A sweep file handed in.
public struct SubmitRequest: Codable, Sendable {
    /// The sweep file's text, at most 4 MiB.
    public var source: String
    /// The file's name, for messages.
    public var file: String
    /// Overrides from the command line, e.g. `method=ae,vae`.
    public var overrides: [String]
    /// What data sets are, by name. Those absent are taken from what workers last reported.
    public var contents: [String: DatasetContent]
    public init(source: String, file: String, overrides: [String], contents: [String: DatasetContent]) {
        self.source = source
        self.file = file
        self.overrides = overrides
        self.contents = contents
    }
}

/// What a submit did or, from `/v1/plan`, would do.
public struct SubmitResponse: Codable, Sendable, Hashable {
    public var sweep: String
    /// 1 for the first submit under that name; each further one edits the sweep.
    public var revision: Int
    public var total: Int
    /// Jobs nobody has asked for before.
    public var new: Int
    /// Jobs that were finished already.
    public var reused: Int
    /// Jobs that another submit has already queued.
    public var queued: Int
    /// Jobs without a result of an earlier version of the sweep that no sweep asks for any more; they are cancelled, and stopped
    /// where they run.
    public var withdrawn: Int
    /// Values per axis, e.g. `method: {ae: 12, vae: 12}`.
    public var axes: [String: [String: Int]]
    public init(
        sweep: String, revision: Int, total: Int, new: Int, reused: Int, queued: Int, withdrawn: Int, axes: [String: [String: Int]]
    ) {
        self.sweep = sweep
        self.revision = revision
        self.total = total
        self.new = new
        self.reused = reused
        self.queued = queued
        self.withdrawn = withdrawn
        self.axes = axes
    }
}

/// How a sweep stands.
public struct SweepStatus: Codable, Sendable, Hashable {
    public var name: String
    /// How often it was submitted: ``SubmitResponse/revision``.
    public var revision: Int
    /// Seconds since 1970.
    public var submitted: Double
    /// Jobs by state; absent: none.
    public var jobs: [JobState: Int]
    public var total: Int
    /// Jobs done, and for running ones the share of their work, over all jobs: 0...1.
    public var progress: Double
    /// Seconds until the last job is done at the present rate; `nil` until something is known.
    public var remaining: Double?
    public var running: [RunningJob]
    /// The jobs that are quarantined, at most 20.
    public var failing: [FailingJob]
    public var policy: SweepPolicy
    /// Whether an operator holds the sweep back.
    public var isPaused: Bool
    /// Whether its jobs are still being made from its file.
    public var isExpanding: Bool
    /// The pretrained weights that waiting jobs need; `nil`: none.
    public var weights: [NeededWeights]?
    /// What keeps waiting jobs from every worker heard of lately, beside weights; `nil`: nothing.
    public var obstacles: [Obstacle]?
    /// Whether every job has reached a final state.
    public var isFinished: Bool { !isExpanding && jobs[.pending, default: 0] + jobs[.leased, default: 0] == 0 }

    public init(
        name: String, revision: Int = 1, submitted: Double, jobs: [JobState: Int], total: Int, progress: Double, remaining: Double?,
        running: [RunningJob], failing: [FailingJob], policy: SweepPolicy, isPaused: Bool = false,
        isExpanding: Bool = false, weights: [NeededWeights]? = nil, obstacles: [Obstacle]? = nil
    ) {
        self.name = name
        self.revision = revision
        self.submitted = submitted
        self.jobs = jobs
        self.total = total
        self.progress = progress
        self.remaining = remaining
        self.running = running
        self.failing = failing
        self.policy = policy
        self.isPaused = isPaused
        self.isExpanding = isExpanding
        self.weights = weights
        self.obstacles = obstacles
    }

    /// What no worker has that some of the jobs need.
    public struct Obstacle: Codable, Sendable, Hashable {
        /// How many waiting jobs it keeps.
        public var jobs: Int
        /// One sentence with what is asked and the most that is offered.
        public var reason: String
        public init(jobs: Int, reason: String) {
            self.jobs = jobs
            self.reason = reason
        }
    }

    /// Pretrained weights without which jobs wait.
    public struct NeededWeights: Codable, Sendable, Hashable {
        /// The name in the catalogue, e.g. `vgg19`.
        public var name: String
        /// How many waiting jobs need them.
        public var jobs: Int
        /// Whether a worker heard of in the last two minutes has them.
        public var isOffered: Bool
        public init(name: String, jobs: Int, isOffered: Bool) {
            self.name = name
            self.jobs = jobs
            self.isOffered = isOffered
        }
    }

    /// A job under lease.
    public struct RunningJob: Codable, Sendable, Hashable {
        public var identity: String
        public var method: String
        public var dataset: String
        public var seed: Int
        /// The worker's name.
        public var worker: String
        /// Which of that name: ``WorkerInstance``.
        public var instance: String
        public var progress: JobProgress?
        public init(
            identity: String, method: String, dataset: String, seed: Int, worker: String, instance: String = "", progress: JobProgress?
        ) {
            self.identity = identity
            self.method = method
            self.dataset = dataset
            self.seed = seed
            self.worker = worker
            self.instance = instance
            self.progress = progress
        }
    }

    /// A job that will not be tried again.
    public struct FailingJob: Codable, Sendable, Hashable {
        public var identity: String
        public var method: String
        public var dataset: String
        public var seed: Int
        public var error: String
        public init(identity: String, method: String, dataset: String, seed: Int, error: String) {
            self.identity = identity
            self.method = method
            self.dataset = dataset
            self.seed = seed
            self.error = error
        }
    }
}

/// All sweeps, newest first.
public struct SweepList: Codable, Sendable {
    public var sweeps: [SweepStatus]
    public init(sweeps: [SweepStatus]) { self.sweeps = sweeps }
}

/// One job of a sweep, for lists and tables.
public struct JobRow: Codable, Sendable, Hashable {
    /// Place in the sweep's expansion, from 0.
    public var position: Int
    public var identity: String
    public var job: JobDescription
    public var state: JobState
    public var failedAttempts: Int
    public var result: JobResult?
    public init(
        position: Int, identity: String, job: JobDescription, state: JobState, failedAttempts: Int, result: JobResult?
    ) {
        self.position = position
        self.identity = identity
        self.job = job
        self.state = state
        self.failedAttempts = failedAttempts
        self.result = result
    }
}

extension ResultRow {
    /// What tables take of a job.
    public init(_ row: JobRow) {
        self.init(identity: row.identity, job: row.job, state: row.state, metrics: row.result?.metrics, engine: row.result?.engine)
    }
}

/// A page of a sweep's jobs in the order of expansion.
public struct JobPage: Codable, Sendable {
    public var jobs: [JobRow]
    /// Pass as `after` to get the next page; `nil`: this was the last.
    public var next: Int?
    public init(jobs: [JobRow], next: Int?) {
        self.jobs = jobs
        self.next = next
    }
}

/// Everything about one job.
public struct JobDetail: Codable, Sendable {
    public var identity: String
    public var job: JobDescription
    public var record: JobRecord
    public var progress: JobProgress?
    public var result: JobResult?
    public var attempts: [Attempt]
    public var sweeps: [String]
    /// The learning curves so far; of a finished job those points at which its test images were scored, since its losses
    /// are in the result.
    public var curve: [CurvePoint]?
    public init(
        identity: String, job: JobDescription, record: JobRecord, progress: JobProgress?, result: JobResult?,
        attempts: [Attempt], sweeps: [String], curve: [CurvePoint]? = nil
    ) {
        self.identity = identity
        self.job = job
        self.record = record
        self.progress = progress
        self.result = result
        self.attempts = attempts
        self.sweeps = sweeps
        self.curve = curve
    }

    /// One lease of the job and how it ended.
    public struct Attempt: Codable, Sendable, Hashable {
        public var token: Int64
        public var worker: String
        /// Seconds since 1970.
        public var started: Double
        public var ended: Double?
        /// `done`, `failed`, `expired`, `released`, `cancelled`, `superseded`; `nil`: running.
        public var outcome: String?
        public var error: String?
        public var logTail: String?
        public var signal: Int?
        public init(
            token: Int64, worker: String, started: Double, ended: Double?, outcome: String?, error: String?,
            logTail: String?, signal: Int?
        ) {
            self.token = token
            self.worker = worker
            self.started = started
            self.ended = ended
            self.outcome = outcome
            self.error = error
            self.logTail = logTail
            self.signal = signal
        }
    }
}

/// The body of every 4xx and 5xx answer (RFC 9457, `application/problem+json`).
public struct Problem: Codable, Sendable, Error, Hashable {
    /// HTTP status.
    public var status: Int
    /// Few words.
    public var title: String
    /// One sentence: what was wrong and the mend.
    public var detail: String
    public init(status: Int, title: String, detail: String) {
        self.status = status
        self.title = title
        self.detail = detail
    }
}

/// The answer of `/healthz`.
public struct Health: Codable, Sendable {
    /// `ok` when the store takes writes, `degraded` when it does but a disk is nearly full.
    public var status: String
    public var version: String
    /// The disks below the coordinator's folders.
    public var disks: [Disk]
    public init(status: String, version: String, disks: [Disk]) {
        self.status = status
        self.version = version
        self.disks = disks
    }

    /// Room for what a coordinator keeps.
    public struct Disk: Codable, Sendable, Hashable {
        /// `state` or `artefacts`.
        public var folder: String
        /// Bytes.
        public var free: Int64
        /// Whether that is less than 1 GiB.
        public var isLow: Bool
        public init(folder: String, free: Int64, isLow: Bool) {
            self.folder = folder
            self.free = free
            self.isLow = isLow
        }
    }
}
