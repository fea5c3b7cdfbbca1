/// Median and 99th percentile in milliseconds.
struct LatencySummary: Codable {
    var p50: Double
    var p99: Double
}
