import Catalogue
import Foundation
import Sweep
import Testing
import Wire

@testable import Report

struct ReportTests {
    private func report(_ jobs: [JobRow]) -> SweepReport {
        SweepReport(status: SampleReport.status(jobs), jobs: jobs, scores: SampleReport.scores(jobs))
    }

    private var sample: SweepReport {
        report([
            SampleReport.job("ae", "brain", 0, auc: 0.8), SampleReport.job("ae", "brain", 1, auc: 0.9), SampleReport.job("vae", "brain", 0, auc: 0.7),
            SampleReport.job("vae", "brain", 1, auc: nil, state: .quarantined), SampleReport.job("ae-l1", "brain", 0, auc: 0.6),
            SampleReport.job("ae-l1", "brain", 1, auc: 0.6),
        ])
    }

    @Test func tableShowsSpreadPlacesAndWhatIsMissing() {
        let plain = sample.render(.table)
        #expect(plain.contains("85.0 ± 7.1"))
        #expect(plain.contains("70.0 (1/2)"))
        #expect(plain.contains("60.0 ± 0.0"))
        #expect(plain.contains("vae on brain, seed 1"))
        #expect(plain.contains("is quarantined: the PNG image"))
        #expect(!plain.contains("\u{1B}["))
        let colored = sample.render(.table, color: true)
        #expect(colored.contains("\u{1B}[1m85.0 ± 7.1\u{1B}[0m"))
        // The incomplete cell takes no place: the second is the third line.
        #expect(colored.contains("\u{1B}[4m60.0 ± 0.0\u{1B}[0m"))
        let widths = Set(plain.split(separator: "\n").prefix(5).filter { $0.contains("AE") || $0.contains("AUC") }.map(\.count))
        #expect(widths.count == 1)
    }

    @Test func markdownIsATable() {
        let text = sample.render(.markdown)
        #expect(text.contains("| AE | **85.0 ± 7.1** |"))
        #expect(text.contains("| --- | ---: |"))
    }

    @Test func csvHasOneRowAJob() {
        let lines = sample.render(.csv).components(separatedBy: "\r\n").filter { !$0.isEmpty }
        #expect(lines.count == 7)
        let header = lines[0].components(separatedBy: ",")
        #expect(header.starts(with: ["sweep", "method"]) && header.contains("latent_size") && header.last == "identity")
        #expect(lines[1].contains("\"w,1\""))
        #expect(lines[1].contains("0.8"))
    }

    @Test func jsonHasCellsAndJobs() throws {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(sample.render(.json).utf8)) as? [String: Any])
        #expect((object["jobs"] as? [Any])?.count == 6)
        let cells = try #require(object["cells"] as? [[String: Any]])
        let first = try #require(cells.first { $0["method"] as? String == "ae" })
        let auc = try #require((first["metrics"] as? [String: [String: Any]])?["auc"])
        #expect(abs((auc["mean"] as? Double ?? 0) - 0.85) < 1e-12 && auc["n"] as? Int == 2)
    }

    @Test func htmlIsOneEscapedPage() {
        let text = sample.render(.html)
        #expect(text.hasPrefix("<!doctype html>") && text.contains("</html>"))
        #expect(text.contains("class=\"best\">85.0 ± 7.1"))
        #expect(text.contains("<svg") && text.contains("ROC curves"))
        #expect(text.contains("a&lt;b&gt;.png") && !text.contains("a<b>.png"))
        for outside in ["http://", "https://", "<script", "src="] { #expect(!text.contains(outside), "\(outside)") }
    }

    @Test func aSweepWithoutResultsSaysSo() {
        let empty = report([SampleReport.job("ae", "brain", 0, auc: nil, state: .pending)])
        #expect(empty.render(.table).contains("no finished job"))
        #expect(empty.render(.markdown).contains("No job has finished"))
        #expect(empty.render(.html).contains("No job has finished yet"))
        #expect(empty.render(.csv).components(separatedBy: "\r\n").filter { !$0.isEmpty }.count == 2)
    }

    /// Beside a cell with the study's very settings stand its number and the difference, in every form.
    @Test func studysNumbersStandBesideOurs() throws {
        let sample = report([
            SampleReport.job("ae", "rsna", 0, auc: 0.66), SampleReport.job("ae", "rsna", 1, auc: 0.68), SampleReport.job("ae-l1", "colin27-axial", 0, auc: 0.5),
        ])
        #expect(sample.render(.table).contains("67.0 ± 1.4 [67.5, -0.5]"))
        #expect(sample.render(.table).contains("in brackets the study's mean"))
        #expect(sample.render(.markdown).contains("| AE | 67.0 ± 1.4 [67.5, -0.5] |"))
        #expect(sample.render(.html).contains("67.0 ± 1.4 [67.5, -0.5]"))
        // Twice 0.335: the study's 66.7 is the AP.
        #expect(sample.render(.table).contains("[66.7, -33.2]"))
        #expect(!sample.render(.table).contains("50.0 ["))

        let lines = sample.render(.csv).components(separatedBy: "\r\n").map { $0.components(separatedBy: ",") }
        let study = try #require(lines[0].firstIndex(of: "auc_study")), difference = try #require(lines[0].firstIndex(of: "auc_difference"))
        #expect(lines[1][study] == "0.675")
        #expect(abs((Double(lines[1][difference]) ?? 9) + 0.015) < 1e-12)
        #expect(lines[3][study] == "" && lines[3][difference] == "")

        let object = try #require(try JSONSerialization.jsonObject(with: Data(sample.render(.json).utf8)) as? [String: Any])
        let cells = try #require(object["cells"] as? [[String: Any]])
        let metrics = cells.map { ($0["metrics"] as? [String: [String: Any]])?["auc"]?["study"] as? [String: Any] }
        #expect(metrics.count { $0 != nil } == 1)
        let entry = try #require(metrics.compactMap { $0 }.first)
        #expect(entry["mean"] as? Double == 0.675 && (entry["source"] as? String)?.contains("table 6") == true)
        #expect(abs((entry["difference"] as? Double ?? 9) + 0.005) < 1e-12)
        #expect(!self.sample.render(.table).contains("in brackets"))
    }

    /// Cells whose seeds ran on engines with other last digits are named below the tables, and nothing is said where none is one.
    @Test func mixedCellsAreNamed() throws {
        let mixed = report([
            SampleReport.job("ae", "brain", 0, auc: 0.8), SampleReport.job("ae", "brain", 1, auc: 0.9, kernels: "avx512"),
            SampleReport.job("vae", "brain", 0, auc: 0.7), SampleReport.job("vae", "brain", 1, auc: 0.7),
        ])
        let sentence = "seeds of several engine classes, so that last digits depend on where each ran: AE on BrainTumor"
        for format in [ReportFormat.table, .markdown, .latex, .html] {
            let text = mixed.render(format)
            #expect(text.contains(sentence) && !text.contains("\(sentence);"), "\(format)")
            #expect(!sample.render(format).contains("several engine classes"), "\(format)")
        }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(mixed.render(.json).utf8)) as? [String: Any])
        let cells = try #require(object["cells"] as? [[String: Any]])
        #expect(cells.map { ($0["engines"] as? [Any])?.count } == [2, 1])
        for kernels in ["avx2", "avx512"] {
            #expect(mixed.render(.html).contains("cpu, libtorch 2.13.0, \(kernels), float32, 2 threads"))
            #expect(mixed.render(.latex).contains("% Engine class: cpu, libtorch 2.13.0, \(kernels), float32, 2 threads.\n"))
        }
    }

    @Test func notesStandOnTheJobsRow() throws {
        let text = report([SampleReport.job("ae", "brain", 0, auc: 0.8, notes: ["went on <elsewhere>", "and, so on"])])
        #expect(text.render(.html).contains("<td>went on &lt;elsewhere&gt;; and, so on</td><td><code>"))
        #expect(text.render(.csv).contains(",\"went on <elsewhere>; and, so on\","))
        #expect(text.render(.json).contains("\"went on <elsewhere>\""))
    }

    @Test func ticksAreRound() {
        #expect(Chart.ticks(0...1) == [0, 0.5, 1])
        #expect(Chart.ticks(0...40) == [0, 10, 20, 30, 40])
        #expect(Chart.logarithmicTicks(-2.1 ... -0.9).map { Chart.label(pow(10, $0)) } == ["0.01", "0.02", "0.05", "0.1"])
        #expect(Chart.label(0.25) == "0.25" && Chart.label(0) == "0" && Chart.label(100) == "100")
    }
}
