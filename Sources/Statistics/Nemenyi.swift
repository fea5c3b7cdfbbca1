import Foundation

/// Nemenyi's comparison of all pairs of methods after Friedman's test (Demšar, 2006).
public struct Nemenyi: Sendable, Hashable {
    /// Methods whose mean ranks differ by more than this differ at `alpha`.
    public let criticalDifference: Double
    /// Of every pair of methods; 1 on the diagonal.
    public let pValues: [[Double]]

    /// `nil` for an `alpha` that is not between 0 and 1.
    public init?(_ friedman: Friedman, alpha: Double = 0.05) {
        guard alpha > 0, alpha < 1 else { return nil }
        let ranks = friedman.meanRanks
        let k = Double(ranks.count)
        // The studentised range counts in deviations of one mean, the difference has √2 of them.
        let unit = (k * (k + 1) / (12 * Double(friedman.count))).squareRoot()
        criticalDifference = unit * SpecialFunctions.root(in: 0...100) {
            Nemenyi.exceedance($0, methods: ranks.count) - alpha
        }
        pValues = ranks.indices.map { first in
            ranks.indices.map { second in
                first == second ? 1 : Nemenyi.exceedance(abs(ranks[first] - ranks[second]) / unit, methods: ranks.count)
            }
        }
    }

    /// P(range of k standard normals > q) = 1 - k ∫ φ(z) [Φ(z) - Φ(z - q)]ᵏ⁻¹ dz: the studentised range with infinite degrees of
    /// freedom. The trapezium rule converges exponentially on so smooth an integrand.
    static func exceedance(_ q: Double, methods: Int) -> Double {
        let step = 0.05
        let sum = stride(from: -9.0, through: 9.0, by: step).reduce(0.0) { sum, z in
            let inside = SpecialFunctions.normal(z) - SpecialFunctions.normal(z - q)
            return sum + exp(-z * z / 2) * pow(inside, Double(methods - 1))
        }
        return min(1, max(0, 1 - Double(methods) * sum * step / (2 * Double.pi).squareRoot()))
    }
}
