import Catalogue
import Sweep
import Testing

@testable import medsweep

@Suite struct GroupingTextTests {
    private func row(_ seed: Int, _ size: Int, _ auc: Double?) -> ResultRow {
        let job = JobDescription(
            method: "ae", configuration: Catalogue.method("ae")!.resolve(["latent_size": .integer(size)], for: .custom("x")), dataset: "x",
            fingerprint: "f", seed: seed)
        return ResultRow(identity: job.identity, job: job, state: auc == nil ? .quarantined : .done, metrics: auc.map { ["auc": $0] })
    }

    /// Of 0.6 and 0.8: deviation 0.1414; t of one degree of freedom is 12.706, so that the interval is 0.7 ± 1.2706.
    @Test func cellsSayHowSureTheyAreAndWhatIsMissing() throws {
        let rows = [row(0, 4, 0.6), row(1, 4, 0.8), row(0, 8, 0.5), row(1, 8, nil)]
        let text = try GroupingText(rows, lines: ["latent_size"], columns: ["dataset"], metric: "auc").text
        let lines = text.split(separator: "\n")
        #expect(lines[0].hasPrefix("AUC") && lines[0].hasSuffix("dataset=x"))
        #expect(lines[1].hasPrefix("latent_size=4") && lines[1].hasSuffix("70.0 ± 14.1 [-57.1, 197.1] (2/2)"))
        #expect(lines[2].hasPrefix("latent_size=8") && lines[2].hasSuffix("50.0 (1/2)"))
        #expect(lines[3].hasSuffix("percent") && lines[4] == "missing:")
        #expect(lines[5] == "  \(rows[3].identity.prefix(12)), seed 1, is quarantined")
    }

    @Test func anUnknownAxisIsRefused() {
        let error = #expect(throws: Failure.self) {
            try GroupingText([row(0, 4, 0.6)], lines: ["latent_sise"], columns: [], metric: "auc")
        }
        #expect(error.map { "\($0)" }?.contains("'latent_size'") == true)
    }
}
