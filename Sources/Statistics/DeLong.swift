/// DeLong's test (1988) for the AUCs of two methods on the same test images, by midranks in O(n log n) (Sun and Xu, 2014).
public struct DeLong: Sendable, Hashable {
    public let first: AUCEstimate
    public let second: AUCEstimate
    /// The first AUC less the second.
    public let difference: Double
    /// The variance of the difference, covariance included.
    public let variance: Double
    public let z: Double
    /// Two-sided.
    public let pValue: Double

    /// - Parameter labels: 0 normal, anything else abnormal; in the order of both methods' scores.
    /// `nil` with fewer than two images of a class, lists of unequal length, scores that are not numbers, or a difference
    /// that does not vary (the same ranking twice), of which the test says nothing.
    public init?(_ first: [Double], _ second: [Double], labels: [Int]) {
        guard let a = AUCEstimate.placements(first, labels), let b = AUCEstimate.placements(second, labels) else { return nil }
        guard let one = AUCEstimate(a), let two = AUCEstimate(b) else { return nil }
        let variance = AUCEstimate.variance(zip(a.abnormal, b.abnormal).map { $0 - $1 }, zip(a.normal, b.normal).map { $0 - $1 })
        guard variance > 1e-24 else { return nil }
        self.first = one
        self.second = two
        difference = one.value - two.value
        self.variance = variance
        z = difference / variance.squareRoot()
        pValue = min(1, 2 * SpecialFunctions.normal(-abs(z)))
    }
}
