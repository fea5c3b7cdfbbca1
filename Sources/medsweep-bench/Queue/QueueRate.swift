/// A load and what it took of the processors.
struct QueueRate: Codable {
    var connections: Int
    /// Jobs that a lease asks for.
    var batch: Int
    var load: LoadResult
    /// Processor seconds of the coordinator and of the load generator for each lease and result.
    var serverSecondsPerPair: Double
    var generatorSecondsPerPair: Double
}
