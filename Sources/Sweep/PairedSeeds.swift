/// What several cells have of the seeds that all of them have: seeds pair results as test images do, so that values of different
/// seeds are never held against each other.
public struct PairedSeeds: Sendable, Hashable {
    /// The seeds that every cell has a value of, ascending; at least one.
    public let seeds: [Int]
    /// Of each cell its values in the order of ``seeds``.
    public let values: [[Double]]

    /// `nil` where no seed is common to all cells, or there are no cells.
    public init?(_ cells: [ResultTable.Cell], metric: String) {
        let bySeed = cells.map { $0.bySeed(metric) }
        guard let first = bySeed.first else { return nil }
        let common = first.keys.filter { seed in bySeed.allSatisfy { $0[seed] != nil } }.sorted()
        guard !common.isEmpty else { return nil }
        seeds = common
        values = bySeed.map { values in common.map { values[$0]! } }
    }

    /// Each cell's mean over ``seeds``.
    public var means: [Double] { values.map { $0.reduce(0, +) / Double($0.count) } }

    /// The seeds in words, neighbours as a range: `0–2, 5`.
    public static func text(_ seeds: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for seed in seeds {
            if let last = runs.last, last.upperBound < .max, last.upperBound + 1 == seed {
                runs[runs.count - 1] = last.lowerBound...seed
            } else {
                runs.append(seed...seed)
            }
        }
        return runs.map { run in
            switch run.upperBound - run.lowerBound {
            case 0: "\(run.lowerBound)"
            case 1: "\(run.lowerBound), \(run.upperBound)"
            default: "\(run.lowerBound)–\(run.upperBound)"
            }
        }.joined(separator: ", ")
    }
}
