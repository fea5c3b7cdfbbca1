import Catalogue
import Sweep
import Testing

@testable import medsweep

@Suite struct SweepComparisonTests {
    /// Scores that depend on the seed only.
    private func rows(_ seeds: [Int], gain: Double = 0) -> [ResultRow] {
        seeds.map { seed in
            let job = JobDescription(
                method: "ae", configuration: Catalogue.method("ae")!.resolve([:], for: .custom("x")), dataset: "x", fingerprint: "f", seed: seed)
            return ResultRow(identity: job.identity, job: job, state: .done, metrics: ["auc": 0.5 + Double(seed) / 8 + gain])
        }
    }

    /// The same method on seeds 0 to 2 and on 1 to 3 does not differ from itself.
    @Test func differencesAreOverCommonSeeds() throws {
        func comparison(_ second: [ResultRow]) -> SweepComparison {
            SweepComparison(("one", rows([0, 1, 2])), ("two", second), metric: "auc", goal: .maximize)
        }
        let same = comparison(rows([1, 2, 3]))
        let cell = try #require(same.cells.first)
        #expect(cell.difference == 0)
        #expect(cell.seeds == [1, 2])
        #expect(same.text(color: false).split(separator: "\n")[1].hasSuffix("0.0  1, 2"), "\(same.text(color: false))")
        let better = comparison(rows([2, 3, 4], gain: 0.125))
        #expect(better.cells.first?.difference == 0.125)
        #expect(better.text(color: false).split(separator: "\n")[1].hasSuffix("+12.5  2"))
        let apart = comparison(rows([3, 4]))
        #expect(apart.cells.first.map { $0.difference == nil && $0.seeds.isEmpty } == true)
        #expect(apart.text(color: false).split(separator: "\n")[1].hasSuffix("none in common"))
    }
}
