import Catalogue
import Sweep

/// What a worker says of itself when it asks for work.
public struct WorkerDescription: Codable, Sendable, Hashable {
    /// For people, e.g. `host-4711`; several workers may have one name.
    public var name: String
    /// What it is known by: ``WorkerInstance``.
    public var instance: String
    public var host: String
    /// What it has when it does nothing.
    public var resources: WorkerResources
    /// What decides the last digits of its numbers.
    public var platform: EngineClass.Platform
    /// The worker's data sets by name.
    public var datasets: [String: DatasetContent]
    public var methods: [String]
    public var coreVersion: Int
    /// Pretrained weights that the worker has, by name.
    public var weights: [String]
    /// Words that sweeps can ask for.
    public var tags: [String]

    public init(
        name: String, instance: String, host: String, resources: WorkerResources, platform: EngineClass.Platform, datasets: [String: DatasetContent],
        methods: [String], coreVersion: Int = Catalogue.coreVersion, weights: [String] = [], tags: [String] = []
    ) {
        self.name = name
        self.instance = instance
        self.host = host
        self.resources = resources
        self.platform = platform
        self.datasets = datasets
        self.methods = methods
        self.coreVersion = coreVersion
        self.weights = weights
        self.tags = tags
    }
}

/// What tells one run of a worker from every other: 128 random bits, drawn when it starts, as 32 hexadecimal digits.
public enum WorkerInstance {
    /// A new one.
    public static func make() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Whether a text can be one.
    public static func isValid(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

/// A worker asks for jobs that fit into what it has left, and waits up to `wait` seconds for the first.
public struct LeaseRequest: Codable, Sendable {
    public var worker: WorkerDescription
    /// What the worker has left.
    public var free: WorkerResources
    /// The most jobs that it wants, 0...4096; at most 64 are given at once. 0: only what it should have already (``holding``).
    public var limit: Int
    /// 0...60 seconds.
    public var wait: Double
    /// Identities of all jobs that the worker has a lease of, sent when an answer may have been lost: leases of its that
    /// are not among them are handed over once more, as they are. `nil`: no answer was lost.
    public var holding: [String]?
    public init(worker: WorkerDescription, free: WorkerResources, limit: Int, wait: Double, holding: [String]? = nil) {
        self.worker = worker
        self.free = free
        self.limit = limit
        self.wait = wait
        self.holding = holding
    }
}

/// The jobs given out; empty when none was to be had in time.
public struct LeaseResponse: Codable, Sendable {
    /// Which coordinator this is: random, and kept with the queue. Results belong to it, not to its address.
    public var coordinator: String
    public var leases: [Lease]
    public init(coordinator: String, leases: [Lease]) {
        self.coordinator = coordinator
        self.leases = leases
    }
}

/// One job given out under a fencing token.
public struct Lease: Codable, Sendable, Hashable {
    public var identity: String
    public var job: JobDescription
    public var token: LeaseToken
    /// What the job takes of the worker.
    public var resources: JobResources
    /// 1 for the first attempt.
    public var attempt: Int
    /// Seconds until the lease runs out without a heartbeat.
    public var duration: Double
    /// Seconds between heartbeats.
    public var heartbeat: Double
    /// Where to go on from.
    public var checkpoint: JobRecord.Checkpoint?
    public var checkpointInterval: SweepPolicy.CheckpointInterval
    /// The SHA-256 of the weights to score instead of training any.
    public var trainedWeights: String?
    /// What to keep of the job.
    public var artefacts: SweepPolicy.Artefacts
    /// Score the test images after every so many epochs, to be looked at; `nil`: at the end only.
    public var evaluateEvery: Int?
    public init(
        identity: String, job: JobDescription, token: LeaseToken, resources: JobResources, attempt: Int, duration: Double,
        heartbeat: Double, checkpoint: JobRecord.Checkpoint?, checkpointInterval: SweepPolicy.CheckpointInterval,
        trainedWeights: String? = nil, artefacts: SweepPolicy.Artefacts = .init(), evaluateEvery: Int? = nil
    ) {
        self.identity = identity
        self.job = job
        self.token = token
        self.resources = resources
        self.attempt = attempt
        self.duration = duration
        self.heartbeat = heartbeat
        self.checkpoint = checkpoint
        self.checkpointInterval = checkpointInterval
        self.trainedWeights = trainedWeights
        self.artefacts = artefacts
        self.evaluateEvery = evaluateEvery
    }
}

public struct HeartbeatRequest: Codable, Sendable {
    public var token: LeaseToken
    public var progress: JobProgress?
    /// What is new of the attempt's log.
    public var log: LogPiece?
    /// Points that are new, at most ``CurvePoint/limit``.
    public var curve: [CurvePoint]?
    public init(token: LeaseToken, progress: JobProgress?, log: LogPiece? = nil, curve: [CurvePoint]? = nil) {
        self.token = token
        self.progress = progress
        self.log = log
        self.curve = curve
    }
}

public struct HeartbeatResponse: Codable, Sendable {
    public var action: LeaseRules.Action
    public init(action: LeaseRules.Action) { self.action = action }
}

/// A checkpoint whose bytes were put under their SHA-256 before.
public struct CheckpointRequest: Codable, Sendable {
    public var token: LeaseToken
    public var checkpoint: JobRecord.Checkpoint
    public init(token: LeaseToken, checkpoint: JobRecord.Checkpoint) {
        self.token = token
        self.checkpoint = checkpoint
    }
}

/// A file that belongs to a result, put under its SHA-256 before.
public struct Artefact: Codable, Sendable, Hashable {
    /// e.g. `scores.json`, `weights.safetensors`.
    public var name: String
    public var sha256: String
    /// Bytes.
    public var size: Int64
    public init(name: String, sha256: String, size: Int64) {
        self.name = name
        self.sha256 = sha256
        self.size = size
    }
}

/// The answer to a file, or to a part of one.
public struct StoredFile: Codable, Sendable, Hashable {
    public var sha256: String
    /// Bytes of the file that are there, from its beginning on; the next part begins here.
    public var received: Int64
    public init(sha256: String, received: Int64) {
        self.sha256 = sha256
        self.received = received
    }
}

/// What a finished job reports.
public struct JobResult: Codable, Sendable, Hashable {
    /// By the names of `Catalogue.metrics`; those of pixels only with masks.
    public var metrics: [String: Double]
    /// Mean training loss of each epoch of the stages that have one.
    public var losses: [Double]
    public var artefacts: [Artefact]
    /// Seconds of training over all attempts that contributed.
    public var trainingSeconds: Double
    /// Seconds from the start to the end of the last attempt.
    public var wallSeconds: Double
    /// Peak resident memory of the training process in bytes.
    public var peakMemory: Int64
    public var worker: String
    public var host: String
    /// What decided the last digits.
    public var engine: EngineClass
    /// What a reader of the numbers should know, one sentence each, e.g. that a checkpoint of another engine class was gone on from.
    public var notes: [String]

    public init(
        metrics: [String: Double], losses: [Double], artefacts: [Artefact], trainingSeconds: Double,
        wallSeconds: Double, peakMemory: Int64, worker: String, host: String, engine: EngineClass, notes: [String] = []
    ) {
        self.metrics = metrics
        self.losses = losses
        self.artefacts = artefacts
        self.trainingSeconds = trainingSeconds
        self.wallSeconds = wallSeconds
        self.peakMemory = peakMemory
        self.worker = worker
        self.host = host
        self.engine = engine
        self.notes = notes
    }
}

public struct ResultRequest: Codable, Sendable {
    /// The coordinator that gave the job out (``LeaseResponse/coordinator``): any other refuses the result with a 421, and it can wait
    /// for the right one. `nil`: whoever is asked.
    public var coordinator: String?
    public var token: LeaseToken
    public var result: JobResult
    /// The rest of the attempt's log.
    public var log: LogPiece?
    /// Points at which the test images were scored and of which no heartbeat told.
    public var curve: [CurvePoint]?
    public init(token: LeaseToken, result: JobResult, log: LogPiece? = nil, curve: [CurvePoint]? = nil, coordinator: String? = nil) {
        self.coordinator = coordinator
        self.token = token
        self.result = result
        self.log = log
        self.curve = curve
    }
}

public struct FailureRequest: Codable, Sendable {
    public var token: LeaseToken
    public var kind: FailureKind
    /// One sentence.
    public var error: String
    /// The last lines that the training process wrote to standard error; at most 16 KiB.
    public var logTail: String
    /// The signal that ended the training process, if one did.
    public var signal: Int?
    /// The rest of the attempt's log.
    public var log: LogPiece?
    public init(token: LeaseToken, kind: FailureKind = .error, error: String, logTail: String, signal: Int?, log: LogPiece? = nil) {
        self.token = token
        self.kind = kind
        self.error = error
        self.logTail = logTail
        self.signal = signal
        self.log = log
    }
}

public struct ReleaseRequest: Codable, Sendable {
    public var token: LeaseToken
    /// The rest of the attempt's log.
    public var log: LogPiece?
    public init(token: LeaseToken, log: LogPiece? = nil) {
        self.token = token
        self.log = log
    }
}

/// The answer to a post. A replay gets the same answer as the first.
public struct Acknowledgement: Codable, Sendable, Hashable {
    /// The job's state now.
    public var state: JobState
    /// False when the job had its result already from another attempt.
    public var recorded: Bool
    public init(state: JobState, recorded: Bool) {
        self.state = state
        self.recorded = recorded
    }
}
