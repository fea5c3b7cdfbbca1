/// How a coordinator does with so many jobs in its queue.
struct QueueSize: Codable {
    var submit: SubmitResult
    /// Bytes resident in the coordinator: after the submit, and the most until the end of the load.
    var memory: Int
    var peakMemory: Int
    /// Seconds for the first and the last page of the sweep's jobs.
    var firstPage: Double
    var lastPage: Double
    var rate: QueueRate
}
