import TestSupport
import Testing

@testable import AnomalyDetection

struct PixelMetricsTests {
    struct Case: Decodable {
        let name: String
        let width: Int
        let height: Int
        let scores: [Float]
        let labels: [UInt8]
        let auc: Double
        let ap: Double
        let best_dice: Double
        let best_threshold: Float
        let best_dice_100: Double
        let dice_max: Double
        let aupro: Double
        let aupro_5: Double

        func metrics(candidates: Int = 200, limit: Double = 0.3) throws -> PixelMetrics {
            try PixelMetrics(
                scores: scores, labels: labels, width: width, height: height, candidates: candidates, falsePositiveLimit: limit)
        }
    }

    private struct File: Decodable { let cases: [Case] }

    /// Every metric against scikit-learn, SciPy's regions and counts at each threshold: `Tests/Reference/make_pixel_metrics.py`.
    @Test func equalTheirDefinitions() throws {
        let cases = try Fixture.json("pixel_metrics", as: File.self).cases
        #expect(cases.count >= 10)
        for item in cases {
            let metrics = try item.metrics()
            let pairs = [
                (metrics.auc, item.auc), (metrics.averagePrecision, item.ap), (metrics.bestDice, item.best_dice),
                (metrics.maximalDice, item.dice_max), (metrics.regionOverlap, item.aupro),
                (try item.metrics(candidates: 100).bestDice, item.best_dice_100),
                (try item.metrics(limit: 0.05).regionOverlap, item.aupro_5),
            ]
            for (place, pair) in pairs.enumerated() { #expect(abs(pair.0 - pair.1) <= 1e-9, "\(item.name) \(place)") }
            #expect(metrics.bestThreshold == item.best_threshold, "\(item.name)")
            #expect(metrics.bestDice <= metrics.maximalDice)
        }
    }

    @Test func namesAreTheResults() throws {
        let metrics = try #require(try Fixture.json("pixel_metrics", as: File.self).cases.first).metrics()
        #expect(Set(metrics.byName.keys) == ["pixel_auc", "pixel_ap", "best_dice", "best_threshold", "dice_max", "aupro"])
        #expect(metrics.byName["pixel_ap"] == metrics.averagePrecision)
    }

    @Test func badInputIsRefusedInASentence() {
        func refusal(_ scores: [Float], _ labels: [UInt8], width: Int = 2, height: Int = 1) -> TrainingError? {
            do throws(TrainingError) {
                _ = try PixelMetrics(scores: scores, labels: labels, width: width, height: height)
                return nil
            } catch { return error }
        }
        let notANumber = refusal([1, .nan], [0, 1])
        #expect(notANumber?.description == "pixel 1 has the score nan, not a number to rank by")
        #expect(notANumber?.kind == .divergence)
        #expect(refusal([.infinity, 1], [0, 1])?.kind == .divergence)
        #expect(refusal([1, 2], [1, 1])?.description.contains("2 of 2 are abnormal") == true)
        #expect(refusal([1, 2], [0, 0])?.description.contains("0 of 2 are abnormal") == true)
        #expect(refusal([], [])?.description.contains("0 of 0") == true)
        #expect(refusal([1, 2, 3], [0, 1])?.description.contains("3 pixel scores for 2") == true)
        #expect(refusal([1, 2, 3], [0, 1, 1])?.description.contains("no whole number of maps") == true)
    }

    /// The order of images makes no difference, since pixels are ranked and regions weighed alike.
    @Test func orderOfImagesDoesNotMatter() throws {
        let item = try #require(try Fixture.json("pixel_metrics", as: File.self).cases.first { $0.name == "many-ties" })
        let size = item.width * item.height
        let order = stride(from: item.scores.count - size, through: 0, by: -size)
        let reversed = try PixelMetrics(
            scores: order.flatMap { item.scores[$0..<$0 + size] }, labels: order.flatMap { item.labels[$0..<$0 + size] },
            width: item.width, height: item.height)
        let metrics = try item.metrics()
        #expect(reversed.auc == metrics.auc && reversed.averagePrecision == metrics.averagePrecision)
        #expect(reversed.bestDice == metrics.bestDice && reversed.maximalDice == metrics.maximalDice)
        #expect(abs(reversed.regionOverlap - metrics.regionOverlap) <= 1e-12)
    }

    @Test(arguments: [0, 1, 47, 48, 49, 300, 20_000]) func radixSortSorts(_ count: Int) {
        var random = SplitMix(UInt64(count))
        for mask: UInt64 in [.max, 0xFF, 0xFF00_0000_0000_00FF, 0x0000_0003_0000_0000] {
            var keys = (0..<count).map { _ in random.next() & mask }
            let sorted = keys.sorted()
            keys.withUnsafeMutableBufferPointer { radixSort($0) }
            #expect(keys == sorted)
            var small = sorted.reversed().map { UInt32(truncatingIfNeeded: $0) }
            let smallSorted = small.sorted()
            small.withUnsafeMutableBufferPointer { radixSort($0) }
            #expect(small == smallSorted)
        }
    }
}
