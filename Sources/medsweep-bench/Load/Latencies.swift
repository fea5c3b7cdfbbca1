/// How long requests of one kind took.
struct Latencies {
    private var seconds: [Double] = []

    mutating func add(nanoseconds: UInt64) { seconds.append(Double(nanoseconds) / 1e9) }

    /// The value that a share `quantile` of the requests stayed below, in milliseconds.
    func milliseconds(_ quantile: Double) -> Double {
        guard !seconds.isEmpty else { return .nan }
        let sorted = seconds.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * quantile))] * 1000
    }

    var summary: LatencySummary { LatencySummary(p50: milliseconds(0.5), p99: milliseconds(0.99)) }
}
