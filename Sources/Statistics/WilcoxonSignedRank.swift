/// Wilcoxon's signed-rank test of paired samples, e.g. of two methods over data sets. Pairs without a difference are left out
/// (Wilcoxon's own treatment, SciPy's `zero_method="wilcox"`).
public struct WilcoxonSignedRank: Sendable, Hashable {
    /// The smaller of the two rank sums.
    public let statistic: Double
    /// Two-sided. Exact up to 50 pairs, or 13 where there are ties or zeros; above, the normal approximation with ties corrected.
    public let pValue: Double
    public let isExact: Bool

    /// `nil` for lists of unequal length, values that are not finite, or no pair that differs.
    public init?(_ first: [Double], _ second: [Double]) {
        guard first.count == second.count else { return nil }
        let all = zip(first, second).map { $0 - $1 }
        let differences = all.filter { $0 != 0 }
        guard all.allSatisfy(\.isFinite), !differences.isEmpty else { return nil }
        let ranks = Ranks(differences.map(abs))
        let plus = zip(differences, ranks.values).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
        let count = Double(differences.count)
        let total = count * (count + 1) / 2
        statistic = min(plus, total - plus)
        isExact = all.count <= (ranks.ties == 0 && differences.count == all.count ? 50 : 13)
        if isExact {
            // Midranks are multiples of a half, so that twice the sum of ranks is whole.
            var ways = [Double](repeating: 0, count: Int(2 * total) + 1)
            ways[0] = 1
            for rank in ranks.values.map({ Int(2 * $0) }) {
                for sum in stride(from: ways.count - 1, through: rank, by: -1) { ways[sum] += ways[sum - rank] }
            }
            let tail = ways[...Int(2 * statistic)].reduce(0, +) / ways.reduce(0, +)
            pValue = min(1, 2 * tail)
        } else {
            let variance = (count * (count + 1) * (2 * count + 1) - ranks.ties / 2) / 24
            pValue = min(1, 2 * SpecialFunctions.normal((statistic - total / 2) / variance.squareRoot()))
        }
    }
}
