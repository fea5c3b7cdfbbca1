/// What it took to submit a grid with `medsweep submit`.
struct SubmitResult: Codable {
    var jobs: Int
    /// Seconds until the command ended.
    var answered: Double
    /// Seconds until every job was in the queue.
    var queued: Double
    /// The most bytes that the command had resident.
    var clientPeakMemory: Int
}
