import Catalogue

/// Jobs per value of method, data set, seed and every option that takes several values, gathered one job at a time.
public struct AxisCounts: Sendable {
    private var values: [String: [Setting: Int]] = [:]

    /// Values of one axis that are counted apart. Those beyond are counted together under ``others``.
    public static let valueLimit = 1000
    /// The name under which further values of a long axis are counted.
    public static let others = "others"

    public init() {}

    public mutating func add(_ planned: PlannedJob) {
        count("method", .text(planned.job.method))
        count("dataset", .text(planned.job.dataset))
        count("seed", .integer(planned.job.seed))
        for (name, value) in planned.job.configuration { count(name, value) }
    }

    private mutating func count(_ axis: String, _ value: Setting) {
        let isFull = values[axis, default: [:]].count >= Self.valueLimit && values[axis]![value] == nil
        values[axis, default: [:]][isFull ? .text(Self.others) : value, default: 0] += 1
    }

    /// By axis, then by value as it is written.
    public var counts: [String: [String: Int]] {
        values.filter { GridParser.reserved.contains($0.key) || $0.value.count > 1 }.mapValues { values in
            Dictionary(values.map { ("\($0.key)", $0.value) }) { $0 + $1 }
        }
    }
}
