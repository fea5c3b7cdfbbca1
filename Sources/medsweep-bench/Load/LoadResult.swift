/// What a run of the load came to.
struct LoadResult: Codable {
    /// Jobs leased whose results were acknowledged.
    var pairs: Int
    var seconds: Double
    var lease: LatencySummary
    var result: LatencySummary
    /// Whether the queue ran out of jobs before the time was over.
    var isDry: Bool
    var rate: Double { Double(pairs) / seconds }
}
