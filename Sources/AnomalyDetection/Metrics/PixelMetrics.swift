/// Metrics over all pixels of all test images together, normal images included.
public struct PixelMetrics: Sendable, Hashable {
    /// Average precision over pixels.
    public let averagePrecision: Double
    /// The study's "best Dice": the highest Dice = 2 TP / (|P| + |G|) over one threshold for the whole test set,
    /// prediction = score > threshold, thresholds being every ⌊N / 200⌋-th of the sorted scores from the lowest.
    public let bestDice: Double

    /// - Parameters:
    ///   - scores: every pixel's score.
    ///   - labels: 0 where the pixel is normal, anything else where it is abnormal; in the same order.
    /// - Throws: ``TrainingError`` when the counts differ or one class is absent.
    public init(scores: [Float], labels: [UInt8]) throws(TrainingError) {
        guard scores.count == labels.count else {
            throw TrainingError("there are \(scores.count) pixel scores for \(labels.count) mask pixels")
        }
        // Sorting keys that carry their label is several times as fast as sorting indices.
        let keys = try PixelMetrics.sortedKeys(scores, labels)
        let positives = keys.reduce(0) { $0 + Int($1 & 1) }
        guard positives > 0, positives < keys.count else {
            throw TrainingError("pixel metrics need normal and abnormal pixels, but \(positives) of \(keys.count) are abnormal")
        }
        averagePrecision = PixelMetrics.averagePrecision(keys, positives: positives)
        bestDice = PixelMetrics.bestDice(keys, positives: positives)
    }

    /// Ascending keys: the score's bits in an order-preserving form, then the label in the lowest bit.
    private static func sortedKeys(_ scores: [Float], _ labels: [UInt8]) throws(TrainingError) -> [UInt64] {
        var keys = [UInt64](repeating: 0, count: scores.count)
        for index in scores.indices {
            // Adding zero makes -0 and 0 the same score.
            let score = scores[index] + 0
            guard score.isFinite else {
                throw TrainingError("pixel \(index) has the score \(score), not a number to rank by", isDivergence: true)
            }
            let bits = score.bitPattern
            let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
            keys[index] = UInt64(ordered) << 1 | (labels[index] == 0 ? 0 : 1)
        }
        keys.sort()
        return keys
    }

    private static func averagePrecision(_ keys: [UInt64], positives: Int) -> Double {
        var sum = 0.0
        var (above, counted) = (0, 0)
        var end = keys.count
        while end > 0 {
            let score = keys[end - 1] >> 1
            var start = end
            var hits = 0
            while start > 0, keys[start - 1] >> 1 == score {
                start -= 1
                hits += Int(keys[start] & 1)
            }
            above += hits
            counted += end - start
            sum += Double(hits) / Double(positives) * (Double(above) / Double(counted))
            end = start
        }
        return sum
    }

    private static func bestDice(_ keys: [UInt64], positives: Int) -> Double {
        let stride = max(1, keys.count / 200)
        var best = 0.0
        // From the highest threshold down, so that the counts above it only grow.
        var (position, hits) = (keys.count, 0)
        for candidate in Swift.stride(from: 0, to: keys.count, by: stride).reversed() {
            let threshold = keys[candidate] >> 1
            while position > 0, keys[position - 1] >> 1 > threshold {
                position -= 1
                hits += Int(keys[position] & 1)
            }
            best = max(best, 2 * Double(hits) / Double(keys.count - position + positives))
        }
        return best
    }
}
