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

    public init() {}

    /// What an older version wrote lacks the later keys.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        requires = try values.decode(Requirements.self, forKey: .requires)
        retry = try values.decode(RetryPolicy.self, forKey: .retry)
        limits = try values.decode(Limits.self, forKey: .limits)
        priority = try values.decode(Int.self, forKey: .priority)
        metric = try values.decode(Metric.self, forKey: .metric)
        checkpoint = try values.decode(CheckpointInterval.self, forKey: .checkpoint)
        artefacts = try values.decodeIfPresent(Artefacts.self, forKey: .artefacts) ?? Artefacts()
        evaluateEvery = try values.decodeIfPresent(Int.self, forKey: .evaluateEvery)
    }

    /// What a worker must offer to be given a job.
    public struct Requirements: Codable, Sendable, Hashable {
        /// `any`, `cpu` or `cuda`.
        public var device = "any"
        /// Bytes of memory of the worker's device.
        public var memory: Int64 = 0
        /// Words that the worker must have been started with.
        public var tags: [String] = []
        /// Pretrained weights that the worker must have.
        public var weights: [String] = []
        public init() {}

        /// What an older version wrote lacks the later keys.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            device = try values.decode(String.self, forKey: .device)
            memory = try values.decode(Int64.self, forKey: .memory)
            tags = try values.decodeIfPresent([String].self, forKey: .tags) ?? []
            weights = try values.decodeIfPresent([String].self, forKey: .weights) ?? []
        }
    }

    /// When a failed attempt is tried again.
    public struct RetryPolicy: Codable, Sendable, Hashable {
        public var maxAttempts = 3
        /// Seconds before the second attempt; doubled for each further one.
        public var backoffMinimum = 10.0
        /// The most seconds between attempts.
        public var backoffMaximum = 900.0
        /// The failures that are tried again; any other is final at once. A loss that is not a number is left out
        /// unless asked for: equal jobs go equal ways.
        public var retryOn: [FailureKind] = [.crash, .error, .storage, .lost]
        public init() {}

        /// What an older version wrote lacks the later keys.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            maxAttempts = try values.decode(Int.self, forKey: .maxAttempts)
            backoffMinimum = try values.decode(Double.self, forKey: .backoffMinimum)
            backoffMaximum = try values.decode(Double.self, forKey: .backoffMaximum)
            if let kinds = try values.decodeIfPresent([FailureKind].self, forKey: .retryOn) { retryOn = kinds }
        }
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
