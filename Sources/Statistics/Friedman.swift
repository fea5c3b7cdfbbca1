/// Friedman's test of whether methods differ over data sets, ties corrected.
public struct Friedman: Sendable, Hashable {
    /// Of each method, 1 is best.
    public let meanRanks: [Double]
    /// The number of data sets.
    public let count: Int
    public let chiSquare: Double
    public let pValue: Double

    /// - Parameters:
    ///   - values: one row a data set, with every method's value in the same order.
    ///   - isHigherBetter: whether the highest value has rank 1.
    /// `nil` with fewer than two data sets or methods, rows of unequal length, values that are not numbers, or all ties.
    public init?(_ values: [[Double]], isHigherBetter: Bool = true) {
        guard values.count > 1, let methods = values.first?.count, methods > 1,
            values.allSatisfy({ $0.count == methods && $0.allSatisfy { !$0.isNaN } })
        else { return nil }
        let ranks = values.map { row in Ranks(isHigherBetter ? row.map { -$0 } : row) }
        let (n, k) = (Double(values.count), Double(methods))
        let sums = (0..<methods).map { method in ranks.reduce(0) { $0 + $1.values[method] } }
        let correction = 1 - ranks.reduce(0) { $0 + $1.ties } / (n * k * (k * k - 1))
        guard correction > 0 else { return nil }
        meanRanks = sums.map { $0 / n }
        count = values.count
        chiSquare = (12 / (n * k * (k + 1)) * sums.reduce(0) { $0 + $1 * $1 } - 3 * n * (k + 1)) / correction
        pValue = SpecialFunctions.upperGamma((k - 1) / 2, chiSquare / 2)
    }
}
