/// How often a measure fell below each of some bounds, as Prometheus counts it.
struct Histogram: Sendable {
    /// Upper bounds, growing; a last one without bound is implied.
    let bounds: [Double]
    /// Per bound, the last for what is above all of them; not cumulated.
    private(set) var counts: [Int]
    private(set) var sum = 0.0

    /// Seconds, from what a cached look takes to the longest wait for work.
    static let seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    /// Requests in one transaction.
    static let groups: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256]

    init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    mutating func add(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
