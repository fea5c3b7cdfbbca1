import Catalogue
import Sweep

/// What a worker says of itself when it asks for work.
public struct WorkerDescription: Codable, Sendable, Hashable {
    /// Unique among running workers, e.g. `host-4711`.
    public var name: String
    public var host: String
    /// `cpu` or `cuda:0`.
    public var device: String
    /// Bytes of memory of the device: the machine's for `cpu`, the card's for `cuda:0`.
    public var memory: Int64
    /// The worker's data sets by name, each with the SHA-256 of its content.
    public var datasets: [String: String]
    public var methods: [String]
    public var coreVersion: Int
    /// libtorch's version and BLAS, for the record.
    public var engine: String
    /// Pretrained weights that the worker has, by name.
    public var weights: [String]
    /// Words that sweeps can ask for.
    public var tags: [String]

    public init(
        name: String, host: String, device: String, memory: Int64, datasets: [String: String],
        methods: [String], coreVersion: Int = Catalogue.coreVersion, engine: String, weights: [String] = [],
        tags: [String] = []
    ) {
        self.name = name
        self.host = host
        self.device = device
        self.memory = memory
        self.datasets = datasets
        self.methods = methods
        self.coreVersion = coreVersion
        self.engine = engine
        self.weights = weights
        self.tags = tags
    }
}

/// A worker asks for up to `count` jobs and waits up to `wait` seconds for the first.
public struct LeaseRequest: Codable, Sendable {
    public var worker: WorkerDescription
    /// 0...4096; at most 64 are given at once. 0: only what it should have already (``holding``).
    public var count: Int
    /// 0...60 seconds.
    public var wait: Double
    /// Identities of all jobs that the worker has a lease of, sent when an answer may have been lost: leases of its that
    /// are not among them are handed over once more, as they are. `nil`: no answer was lost.
    public var holding: [String]?
    public init(worker: WorkerDescription, count: Int, wait: Double, holding: [String]? = nil) {
        self.worker = worker
        self.count = count
        self.wait = wait
        self.holding = holding
    }
}

/// The jobs given out; empty when none was to be had in time.
public struct LeaseResponse: Codable, Sendable {
    public var leases: [Lease]
    public init(leases: [Lease]) { self.leases = leases }
}

/// One job given out under a fencing token.
public struct Lease: Codable, Sendable, Hashable {
    public var identity: String
    public var job: JobDescription
    public var token: Int64
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
    /// What to keep of the job; `nil` from an older coordinator.
    public var artefacts: SweepPolicy.Artefacts?
    /// Score the test images after every so many epochs, to be looked at; `nil`: at the end only.
    public var evaluateEvery: Int?
    public init(
        identity: String, job: JobDescription, token: Int64, attempt: Int, duration: Double, heartbeat: Double,
        checkpoint: JobRecord.Checkpoint?, checkpointInterval: SweepPolicy.CheckpointInterval, trainedWeights: String? = nil,
        artefacts: SweepPolicy.Artefacts? = nil, evaluateEvery: Int? = nil
    ) {
        self.identity = identity
        self.job = job
        self.token = token
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

/// How far a running job is.
public struct JobProgress: Codable, Sendable, Hashable {
    /// Epochs done.
    public var epoch: Int
    public var epochs: Int
    /// Mean training loss of the last epoch.
    public var loss: Double?
    public var imagesPerSecond: Double?
    public init(epoch: Int, epochs: Int, loss: Double? = nil, imagesPerSecond: Double? = nil) {
        self.epoch = epoch
        self.epochs = epochs
        self.loss = loss
        self.imagesPerSecond = imagesPerSecond
    }
}

public struct HeartbeatRequest: Codable, Sendable {
    public var token: Int64
    public var worker: String
    public var progress: JobProgress?
    /// What is new of the attempt's log.
    public var log: LogPiece?
    /// Epochs that are new, at most ``CurvePoint/limit``.
    public var curve: [CurvePoint]?
    public init(token: Int64, worker: String, progress: JobProgress?, log: LogPiece? = nil, curve: [CurvePoint]? = nil) {
        self.token = token
        self.worker = worker
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
    public var token: Int64
    public var checkpoint: JobRecord.Checkpoint
    public init(token: Int64, checkpoint: JobRecord.Checkpoint) {
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

/// What a finished job reports.
public struct JobResult: Codable, Sendable, Hashable {
    /// By the names of `Catalogue.metrics`; those of pixels only with masks.
    public var metrics: [String: Double]
    /// Mean training loss of each epoch.
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
    public var device: String
    public var engine: String

    public init(
        metrics: [String: Double], losses: [Double], artefacts: [Artefact], trainingSeconds: Double,
        wallSeconds: Double, peakMemory: Int64, worker: String, host: String, device: String, engine: String
    ) {
        self.metrics = metrics
        self.losses = losses
        self.artefacts = artefacts
        self.trainingSeconds = trainingSeconds
        self.wallSeconds = wallSeconds
        self.peakMemory = peakMemory
        self.worker = worker
        self.host = host
        self.device = device
        self.engine = engine
    }
}

public struct ResultRequest: Codable, Sendable {
    public var token: Int64
    public var result: JobResult
    /// The rest of the attempt's log.
    public var log: LogPiece?
    /// Epochs at which the test images were scored and of which no heartbeat told.
    public var curve: [CurvePoint]?
    public init(token: Int64, result: JobResult, log: LogPiece? = nil, curve: [CurvePoint]? = nil) {
        self.token = token
        self.result = result
        self.log = log
        self.curve = curve
    }
}

public struct FailureRequest: Codable, Sendable {
    public var token: Int64
    public var kind: FailureKind
    /// One sentence.
    public var error: String
    /// The last lines that the training process wrote to standard error; at most 16 KiB.
    public var logTail: String
    /// The signal that ended the training process, if one did.
    public var signal: Int?
    /// The rest of the attempt's log.
    public var log: LogPiece?
    public init(token: Int64, kind: FailureKind = .error, error: String, logTail: String, signal: Int?, log: LogPiece? = nil) {
        self.token = token
        self.kind = kind
        self.error = error
        self.logTail = logTail
        self.signal = signal
        self.log = log
    }
}

public struct ReleaseRequest: Codable, Sendable {
    public var token: Int64
    /// The rest of the attempt's log.
    public var log: LogPiece?
    public init(token: Int64, log: LogPiece? = nil) {
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
