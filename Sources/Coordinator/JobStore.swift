import Catalogue
import Sweep
import Wire

/// Keeps sweeps, jobs, leases and results. A call that returns has its changes on disk. What a request does to a job
/// is decided by ``LeaseRules``, on the record that is loaded and written in the same transaction.
protocol JobStore: Sendable {
    /// Submits a sweep's jobs, or only counts what that would do.
    func submit(_ sweep: SweepFile, source: String, fingerprints: [String: String], isPlan: Bool) async throws -> SubmitResponse
    /// Content fingerprints of data sets by name, as last reported by a worker or a submit.
    func knownDatasets() async throws -> [String: String]

    func lease(to worker: WorkerDescription, count: Int, now: Double, duration: Double) async throws -> [LeasedJob]
    func heartbeat(_ identity: String, _ request: HeartbeatRequest, now: Double, duration: Double) async throws -> LeaseRules.Action
    /// Returns the digest of a checkpoint that is no longer needed.
    func checkpoint(_ identity: String, _ request: CheckpointRequest) async throws -> (Acknowledgement, unneeded: String?)
    func complete(_ identity: String, _ request: ResultRequest, now: Double) async throws -> (Acknowledgement, unneeded: String?)
    func fail(_ identity: String, _ request: FailureRequest, now: Double) async throws -> Acknowledgement
    func release(_ identity: String, _ request: ReleaseRequest, now: Double) async throws -> Acknowledgement
    /// Ends leases that have run out; returns how many.
    func expire(now: Double) async throws -> Int
    /// Gives the leases of a former run time to be heard of again.
    func adoptLeases(until: Double) async throws

    func sweeps(now: Double) async throws -> [SweepStatus]
    func sweep(_ name: String, now: Double) async throws -> SweepStatus?
    func sweepNames() async throws -> [String]
    func jobs(sweep: String, after: Int, limit: Int, state: JobState?) async throws -> JobPage
    func job(_ identity: String) async throws -> JobDetail?
    /// Whether the store takes writes.
    func checkWritable() async throws
    /// Lets go of files and connections; the store is not used any more.
    func close()
}

/// A job just leased.
struct LeasedJob: Sendable {
    let identity: String
    let job: JobDescription
    let token: Int64
    let attempt: Int
    let checkpoint: JobRecord.Checkpoint?
    let checkpointInterval: SweepPolicy.CheckpointInterval
}

/// What a store refuses, to be told to the one who asked.
enum StoreError: Error {
    case unknownJob(String)
    case unknownSweep(String)
    case refused(LeaseRules.Refusal)
}
