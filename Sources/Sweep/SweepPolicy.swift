import Catalogue

/// What a sweep file says of its jobs beyond their numbers. None of it is part of a job's identity.
public struct SweepPolicy: Codable, Sendable, Hashable {
    /// What a worker must offer.
    public var requires = Requirements()
    public var retry = RetryPolicy()
    public var limits = Limits()
    /// Higher goes first.
    public var priority = 0
    public var metric = Metric()
    public var checkpoint = CheckpointInterval.seconds(60)
    public var artefacts = Artefacts()
    /// Score the test images after every so many epochs, to be looked at while a job trains; `nil`: at the end only.
    public var evaluateEvery: Int?
    /// Whether a checkpoint is gone on from within its own ``EngineClass`` only, so that every number is what it would have been
    /// without an interruption; else it waits for its class as long as a worker of that is there, and goes to others then.
    public var isExact = false

    public init() {}

    /// What a worker must offer to be given a job.
    public struct Requirements: Codable, Sendable, Hashable {
        /// `any`, `cpu` or `cuda`.
        public var device = "any"
        /// Compute threads of a job; `nil`: what its method takes.
        public var threads: Int?
        /// Bytes of main memory of a job; `nil`: what its method is known to need.
        public var memory: Int64?
        /// Bytes of a GPU's memory of a job that runs on one; `nil`: what its method is known to need.
        public var gpuMemory: Int64?
        /// Words that the worker must have been started with.
        public var tags: [String] = []
        /// Pretrained weights that the worker must have.
        public var weights: [String] = []
        public init() {}

        /// What one of the sweep's jobs asks of its worker.
        public func resources(of job: JobDescription) -> JobResources { resources(usually: JobResources.usual(of: job)) }

        /// What a job asks of its worker that asks for `usual` where the sweep says nothing.
        public func resources(usually usual: JobResources) -> JobResources {
            JobResources(
                threads: threads ?? usual.threads, memory: memory ?? usual.memory, gpuMemory: gpuMemory ?? usual.gpuMemory)
        }
    }

    /// When a failed attempt is tried again.
    public struct RetryPolicy: Codable, Sendable, Hashable {
        public var maxAttempts = 3
        /// Leases of one job that may be lost with their workers. Machines are taken away for reasons that no job has to answer for;
        /// one that takes its machine with it every time is found all the same.
        public var maxLost = 20
        /// Seconds before the second attempt; doubled for each further one.
        public var backoffMinimum = 10.0
        /// The most seconds between attempts.
        public var backoffMaximum = 900.0
        /// The failures that are tried again; any other is final at once. A loss that is not a number and data that cannot be decoded are
        /// left out unless asked for: equal jobs go equal ways.
        public var retryOn: [FailureKind] = [.crash, .error, .outOfMemory, .storage, .lost]
        /// What a job that ran out of memory is replaced by: the option `batch_size` divided by this number. Another job, since it
        /// has other numbers; `nil`: it is tried again as it is.
        public var outOfMemoryDivisor: Int?
        public init() {}
    }

    /// Bounds of the sweep as a whole.
    public struct Limits: Codable, Sendable, Hashable {
        /// The most jobs leased at once; `nil`: no bound.
        public var parallel: Int?
        /// No further leases once this many jobs are quarantined; `nil`: no bound.
        public var maxFailed: Int?
        public init() {}
    }

    /// The metric that tables are sorted and marked by.
    public struct Metric: Codable, Sendable, Hashable {
        public enum Goal: String, Codable, Sendable { case maximize, minimize }
        public var name = "auc"
        public var goal = Goal.maximize
        public init() {}
    }

    /// What a finished job keeps besides its metrics, scores and weights.
    public struct Artefacts: Codable, Sendable, Hashable {
        /// The anomaly maps of all test images.
        public var maps = true
        /// Of each class so many of the highest-scored and of the lowest-scored images, to look at; 0: none.
        public var examples = 8
        public init() {}
    }

    /// How often a worker uploads a checkpoint.
    public enum CheckpointInterval: Codable, Sendable, Hashable {
        case epochs(Int)
        case seconds(Double)
    }
}

extension JobResources {
    /// Memory is asked for in steps of so many bytes, so that there are few kinds of jobs to look for.
    private static let step: Int64 = 64 << 20

    /// What a job asks for where its sweep says nothing.
    public static func usual(of job: JobDescription) -> JobResources {
        func rounded(_ bytes: Int64) -> Int64 { (max(0, bytes) + step - 1) / step * step }
        guard let usual = Catalogue.method(job.method)?.resources(job.configuration) else {
            return JobResources(threads: 1, memory: 0, gpuMemory: 0)
        }
        return JobResources(threads: usual.threads, memory: rounded(usual.memory), gpuMemory: rounded(usual.gpuMemory))
    }
}
