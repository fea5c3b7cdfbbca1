/// An AUC and DeLong's estimate of its variance.
public struct AUCEstimate: Sendable, Hashable {
    public let value: Double
    public let variance: Double

    /// - Parameter labels: 0 normal, anything else abnormal.
    /// `nil` with fewer than two images of a class, lists of unequal length or scores that are not numbers.
    public init?(_ scores: [Double], labels: [Int]) {
        guard let placements = AUCEstimate.placements(scores, labels) else { return nil }
        self.init(placements)
    }

    /// The normal interval, cut to 0...1.
    public func interval(level: Double = 0.95) -> ClosedRange<Double>? {
        guard level > 0, level < 1 else { return nil }
        let half = SpecialFunctions.normalQuantile(level: level) * variance.squareRoot()
        return max(0, value - half)...min(1, value + half)
    }

    /// Of each image the share of the other class that stands on its right side, ties by half.
    struct Placements {
        let abnormal: [Double]
        let normal: [Double]
    }

    init?(_ placements: Placements) {
        value = placements.abnormal.reduce(0, +) / Double(placements.abnormal.count)
        variance = AUCEstimate.variance(placements.abnormal, placements.normal)
    }

    static func placements(_ scores: [Double], _ labels: [Int]) -> Placements? {
        guard scores.count == labels.count, scores.allSatisfy({ !$0.isNaN }) else { return nil }
        let positive = scores.indices.filter { labels[$0] != 0 }
        let negative = scores.indices.filter { labels[$0] == 0 }
        guard positive.count > 1, negative.count > 1 else { return nil }
        let all = Ranks(scores).values
        let (above, below) = (Ranks(positive.map { scores[$0] }).values, Ranks(negative.map { scores[$0] }).values)
        return Placements(
            abnormal: zip(positive, above).map { (all[$0] - $1) / Double(negative.count) },
            normal: zip(negative, below).map { 1 - (all[$0] - $1) / Double(positive.count) })
    }

    static func variance(_ abnormal: [Double], _ normal: [Double]) -> Double {
        func ofMean(_ values: [Double]) -> Double {
            let count = Double(values.count)
            let mean = values.reduce(0, +) / count
            return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count
        }
        return ofMean(abnormal) + ofMean(normal)
    }
}
