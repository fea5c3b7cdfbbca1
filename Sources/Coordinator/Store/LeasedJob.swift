import Catalogue
import Sweep
import Wire

/// A job just leased.
struct LeasedJob: Sendable {
    let identity: String
    /// The job description's JSON, as it was stored and as it goes out.
    let job: String
    /// Not sealed yet: ``LeaseSeal``.
    let token: LeaseToken
    /// What it takes of the worker.
    let resources: JobResources
    let attempt: Int
    let checkpoint: JobRecord.Checkpoint?
    /// The JSON of the sweep's checkpoint interval.
    let checkpointInterval: String
    /// The digest of the weights that the job scores instead of training its own.
    let trainedWeights: String?
    /// The JSON of what the sweep keeps of its jobs.
    let artefacts: String
    /// Epochs between two scorings of the test images, if the sweep wants any on the way.
    let evaluateEvery: Int?
}
