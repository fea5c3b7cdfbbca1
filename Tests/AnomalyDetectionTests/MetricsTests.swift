import Testing

@testable import AnomalyDetection

struct MetricsTests {
    struct Case: Decodable {
        let name: String
        let scores: [Double]
        let labels: [Int]
        let auc: Double
        let ap: Double
    }

    private struct File: Decodable { let cases: [Case] }

    /// AUC and AP against scikit-learn: ties, near ties, one abnormal item, perfect and inverted rankings.
    @Test func rankingMatchesScikitLearn() throws {
        let cases = try Fixture.json("metrics", as: File.self).cases
        #expect(cases.count >= 12)
        for item in cases {
            let metrics = try RankingMetrics(scores: item.scores, labels: item.labels.map { $0 == 1 })
            #expect(abs(metrics.auc - item.auc) <= 1e-12, "\(item.name)")
            #expect(abs(metrics.averagePrecision - item.ap) <= 1e-12, "\(item.name)")
        }
    }

    @Test func rankingNeedsBothClassesAndNumbers() {
        #expect(throws: TrainingError.self) { try RankingMetrics(scores: [1, 2], labels: [true, true]) }
        #expect(throws: TrainingError.self) { try RankingMetrics(scores: [1, .nan], labels: [true, false]) }
        #expect(throws: TrainingError.self) { try RankingMetrics(scores: [1], labels: [true, false]) }
    }

    /// Pixel AUC and AP are the same quantities over pixels.
    @Test func pixelRankingMatchesScikitLearn() throws {
        for item in try Fixture.json("metrics", as: File.self).cases where item.name != "near-ties-double" {
            let metrics = try PixelMetrics(
                scores: item.scores.map(Float.init), labels: item.labels.map { UInt8($0 * 255) }, width: item.labels.count, height: 1)
            #expect(abs(metrics.auc - item.auc) <= 1e-12, "\(item.name)")
            #expect(abs(metrics.averagePrecision - item.ap) <= 1e-12, "\(item.name)")
        }
    }
}
