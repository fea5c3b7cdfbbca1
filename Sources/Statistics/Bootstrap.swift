import Catalogue

/// Percentile bootstrap intervals of AUC and AP over test images, drawn with replacement within each class.
public struct Bootstrap: Sendable, Hashable {
    public let auc: ClosedRange<Double>
    public let ap: ClosedRange<Double>

    /// The same seed gives the same intervals on every machine.
    /// - Parameter labels: 0 normal, anything else abnormal.
    /// `nil` with one class only, lists of unequal length, scores that are not numbers, no resample or a level that is not
    /// between 0 and 1.
    public init?(_ scores: [Double], labels: [Int], resamples: Int = 1000, level: Double = 0.95, seed: UInt64 = 0) {
        guard resamples > 0, level > 0, level < 1, let ranked = RankedScores(scores, labels: labels) else { return nil }
        var random = SplitMix64(seed: seed)
        var areas: [(auc: Double, ap: Double)] = []
        for _ in 0..<resamples {
            areas.append(ranked.areas(abnormal: random.counts(of: ranked.abnormal), normal: random.counts(of: ranked.normal)))
        }
        auc = Bootstrap.percentiles(areas.map(\.auc), level)
        ap = Bootstrap.percentiles(areas.map(\.ap), level)
    }

    /// The central part of a sample, interpolated linearly between neighbours.
    private static func percentiles(_ sample: [Double], _ level: Double) -> ClosedRange<Double> {
        let sorted = sample.sorted()
        func percentile(_ share: Double) -> Double {
            let place = share * Double(sorted.count - 1)
            let below = Int(place)
            let above = min(below + 1, sorted.count - 1)
            return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
        }
        let low = percentile((1 - level) / 2)
        return low...max(low, percentile((1 + level) / 2))
    }
}

extension SplitMix64 {
    /// How many images of each place a resample of the same size draws, where `images` gives each image's place.
    fileprivate mutating func counts(of images: RankedScores.Images) -> [Int] {
        var counts = [Int](repeating: 0, count: images.levels)
        for _ in images.places {
            counts[images.places[Int(next().multipliedFullWidth(by: UInt64(images.places.count)).high)]] += 1
        }
        return counts
    }
}
