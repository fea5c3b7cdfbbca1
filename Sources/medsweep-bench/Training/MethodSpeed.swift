import Foundation

/// What was measured of a method, by us and by PyTorch in turn.
struct MethodSpeed: Codable {
    /// A process that measured.
    struct Run: Codable {
        var measurement: Measurement
        /// Seconds from the start of the process to the end of its first step.
        var start: Double
    }

    let workload: Workload
    var ours: [Run] = []
    var theirs: [Run] = []

    init(_ workload: Workload) { self.workload = workload }

    /// Medians over the rounds; a ratio is taken within each round.
    func ours(_ value: KeyPath<Run, Double>) -> Double { median(ours.map { $0[keyPath: value] }) }
    func theirs(_ value: KeyPath<Run, Double>) -> Double { median(theirs.map { $0[keyPath: value] }) }
    func ratio(_ value: KeyPath<Run, Double>) -> Double {
        median(zip(ours, theirs).map { $0[keyPath: value] / $1[keyPath: value] })
    }

    /// The most bytes that a process of either side had resident.
    var memory: (ours: Int, theirs: Int) {
        (ours.map(\.measurement.memory).max() ?? 0, theirs.map(\.measurement.memory).max() ?? 0)
    }
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
