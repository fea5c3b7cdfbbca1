import Catalogue
import Foundation

/// Everything the training core is handed for one job.
public struct TrainingRequest: Codable, Sendable {
    public var job: JobDescription
    /// The data set's folder.
    public var dataFolder: URL
    /// Where decoded images are kept between jobs.
    public var cacheDirectory: URL
    /// A folder of the job's own for checkpoints and artefacts.
    public var workDirectory: URL
    /// The pretrained weights that this machine has.
    public var weights: PretrainedWeights
    /// A checkpoint to go on from.
    public var checkpoint: URL?
    /// Weights that another job with the same ``JobDescription/training`` left: they are scored, and no model is trained.
    public var trainedWeights: URL?
    /// `cpu` or `cuda:0`.
    public var device: String
    /// Compute threads of an operator.
    public var threads: Int
    /// Write a checkpoint after every so many epochs …
    public var checkpointEpochs: Int?
    /// … or once so many seconds have passed since the last one.
    public var checkpointSeconds: Double?
    /// Score the test images after every so many epochs but the last and tell of it; `nil`: never. Changes no number of the job.
    public var evaluationEpochs: Int?
    /// Bytes that features of pretrained networks may take below the cache's folder; 0: none are kept.
    public var featureCacheLimit: Int64 = 8 << 30
    /// Whether the anomaly maps of all test images are kept.
    public var keepsMaps = true
    /// Of each class so many of the highest-scored and of the lowest-scored images are kept to look at; 0: none.
    public var examples = 8

    public init(
        job: JobDescription, dataFolder: URL, cacheDirectory: URL, workDirectory: URL, weights: PretrainedWeights = PretrainedWeights(),
        checkpoint: URL? = nil, device: String = "cpu", threads: Int = 1, checkpointEpochs: Int? = nil, checkpointSeconds: Double? = nil
    ) {
        self.job = job
        self.dataFolder = dataFolder
        self.cacheDirectory = cacheDirectory
        self.workDirectory = workDirectory
        self.weights = weights
        self.checkpoint = checkpoint
        self.device = device
        self.threads = threads
        self.checkpointEpochs = checkpointEpochs
        self.checkpointSeconds = checkpointSeconds
    }
}

/// What a running job tells.
public enum TrainingEvent: Codable, Sendable {
    /// The job is about to begin or go on. `engine`: what decides the last digits of its numbers.
    case began(engine: EngineClass)
    /// An epoch, or some part of another stage, is done.
    case progress(JobProgress)
    /// The test images were scored on the way. `work`: ``JobProgress/work`` by then; `auc`: area under the ROC curve.
    case evaluation(work: Int, auc: Double)
    /// What a person may want to know, in one line.
    case note(String)
    /// What a reader of the result should know, in one sentence; it is kept with it.
    case remark(String)
    /// A checkpoint lies complete and synced in `file` inside the work directory. `work`: ``JobProgress/work`` in it.
    case checkpoint(file: URL, work: Int)
}

/// How a job ended without an error.
public enum TrainingOutcome: Codable, Sendable {
    /// Everything is trained and the test images are scored.
    case finished(TrainingResult)
    /// It was asked to stop and has written a checkpoint of where it stood.
    case stopped(work: Int)
}

/// A finished job's numbers and files.
public struct TrainingResult: Codable, Sendable {
    /// By the names of `Catalogue.metrics`; those of pixels only with masks that mark something.
    public var metrics: [String: Double]
    /// Mean training loss of each epoch of the stages that have one.
    public var losses: [Double]
    /// Files to keep: name → place in the work directory.
    public var artefacts: [String: URL]
    /// Seconds of training over all attempts that contributed.
    public var trainingSeconds: Double

    public init(metrics: [String: Double], losses: [Double], artefacts: [String: URL], trainingSeconds: Double) {
        self.metrics = metrics
        self.losses = losses
        self.artefacts = artefacts
        self.trainingSeconds = trainingSeconds
    }
}
