import Foundation
import Testing

@testable import Statistics

/// Against what other people's programs compute (`Tests/Reference/make_statistics.py`).
struct StatisticsTests {
    private struct Fixture: Decodable {
        struct Pair: Decodable { let x, y: [Double], statistic, p: Double }
        struct Comparison: Decodable { let auc, variances: [Double], z, p: Double }
        let student: [[Double]], labels: [Int], first, second: [Double], delong: Comparison, bootstrap: [[Double]]
        let wilcoxon: [Pair], p, holm: [Double], blocks: [[Double]], friedman: [Double], nemenyi: [[Double]], critical: Double
    }

    private let fixture: Fixture

    init() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/statistics", withExtension: "json"))
        fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
    }

    private func close(_ one: Double, _ other: Double, _ tolerance: Double = 1e-9) -> Bool {
        abs(one - other) <= tolerance * max(1, abs(other))
    }

    @Test func quantilesOfStudentsT() throws {
        for entry in fixture.student {
            #expect(close(StudentInterval.quantile(level: 0.95, degreesOfFreedom: Int(entry[0])), entry[1]))
        }
        #expect(StudentInterval.interval(mean: 1, deviation: 1, count: 1) == nil)
    }

    @Test func pairedAUCs() throws {
        let test = try #require(DeLong(fixture.first, fixture.second, labels: fixture.labels))
        let expected = fixture.delong
        #expect(close(test.first.value, expected.auc[0]) && close(test.second.value, expected.auc[1]))
        #expect(close(test.first.variance, expected.variances[0]) && close(test.variance, expected.variances[2]))
        #expect(close(test.z, expected.z) && close(test.pValue, expected.p))
        #expect(DeLong(fixture.first, fixture.first, labels: fixture.labels) == nil)
        #expect(AUCEstimate([1, 2, 3], labels: [1, 1, 1]) == nil)
    }

    @Test func bootstrapIntervals() throws {
        let result = try #require(Bootstrap(fixture.first, labels: fixture.labels, resamples: 200, seed: 7))
        #expect(close(result.auc.lowerBound, fixture.bootstrap[0][0]) && close(result.auc.upperBound, fixture.bootstrap[0][1]))
        #expect(close(result.ap.lowerBound, fixture.bootstrap[1][0]) && close(result.ap.upperBound, fixture.bootstrap[1][1]))
        #expect(Bootstrap([1, 2], labels: [0, 0]) == nil)
    }

    @Test func signedRanksAndHolm() throws {
        for pair in fixture.wilcoxon {
            let test = try #require(WilcoxonSignedRank(pair.x, pair.y))
            #expect(close(test.statistic, pair.statistic) && close(test.pValue, pair.p), "\(pair.x.count) pairs")
        }
        #expect(WilcoxonSignedRank([1, 2], [1, 2]) == nil)
        let adjusted = try #require(Holm.adjust(fixture.p))
        #expect(zip(adjusted, fixture.holm).allSatisfy { close($0, $1) })
    }

    @Test func friedmanAndNemenyi() throws {
        let friedman = try #require(Friedman(fixture.blocks, isHigherBetter: false))
        #expect(close(friedman.chiSquare, fixture.friedman[0]) && close(friedman.pValue, fixture.friedman[1]))
        let nemenyi = try #require(Nemenyi(friedman))
        #expect(close(nemenyi.criticalDifference, fixture.critical, 1e-6))
        #expect(zip(nemenyi.pValues.joined(), fixture.nemenyi.joined()).allSatisfy { close($0, $1, 1e-6) })
        let picture = try #require(CriticalDifference(names: ["a", "b", "c", "d", "e"], friedman, nemenyi))
        #expect(picture.meanRanks == picture.meanRanks.sorted())
        for group in picture.groups {
            #expect(picture.meanRanks[group.upperBound] - picture.meanRanks[group.lowerBound] <= picture.difference)
        }
        #expect(Friedman([[1, 1], [2, 2]]) == nil)
    }
}
