import Foundation
import Sweep
import Testing
import Wire

@testable import Report

@Suite struct LaTeXTests {
    /// Debian's pdflatex, where it is installed.
    private static let compiler = ["/usr/bin/pdflatex", "/usr/local/bin/pdflatex"].first(where: FileManager.default.isExecutableFile(atPath:))

    private static let awkward = "50%_of #1 & {x} ~^\\ [a] <b> \"q\" $2 | é Ω\n\\input{y}"

    private var sample: SweepReport {
        let jobs = [
            SampleReport.job("ae", "rsna", 0, auc: 0.66), SampleReport.job("ae", "rsna", 1, auc: 0.68),
            SampleReport.job("vae", "rsna", 0, auc: 0.7), SampleReport.job("vae", "rsna", 1, auc: nil, state: .quarantined),
            SampleReport.job("ae-l1", "rsna", 0, auc: 0.6), SampleReport.job("ae-l1", "rsna", 1, auc: 0.6),
            SampleReport.job("ae", Self.awkward, 0, auc: 0.5), SampleReport.job("vae", Self.awkward, 0, auc: nil, state: .pending),
        ]
        return SweepReport(status: SampleReport.status(jobs, name: "a_b"), jobs: jobs)
    }

    @Test func tablesHavePlacesAndProvenance() {
        let text = sample.render(.latex)
        #expect(text.contains("AE & \\textbf{67.0 $\\pm$ 1.4 {[}67.5, $-$0.5{]}} & 50.0 \\\\"))
        #expect(text.contains("\\underline{60.0 $\\pm$ 0.0"))
        #expect(text.contains("VAE & 70.0 (1/2)") && text.contains("& \\ldots{} \\\\"))
        #expect(text.hasPrefix("% Sweep 'a_b', submitted 1970-01-01T00:00:00Z: 6 of 8 jobs done.\n"))
        #expect(text.contains("\\label{tab:a-b-auc}") && text.contains("\\usepackage{booktabs}"))
        #expect(text.contains("% Missing: vae on rsna, seed 1"))
    }

    /// Nothing of a name is a command, and none leaves its comment.
    @Test func namesAreEscaped() {
        #expect(LaTeXText.escaped("a_b%$&#{}") == "a\\_b\\%\\$\\&\\#\\{\\}")
        #expect(LaTeXText.escaped("\\~^[]\n") == "\\textbackslash{}\\textasciitilde{}\\textasciicircum{}{[}{]} ")
        #expect(LaTeXText.escaped("éΩ") == "éU+3A9")
        let commands = sample.render(.latex).split(separator: "\n").filter { !$0.hasPrefix("%") && $0.contains("\\input") }
        #expect(commands.isEmpty)
    }

    @Test func aLongTableGoesOn() {
        let jobs = (1...95).map { SampleReport.job("ae", "brain", 0, auc: 0.5, settings: ["latent_size": .integer($0)]) }
        let text = SweepReport(status: SampleReport.status(jobs), jobs: jobs).render(.latex)
        // AUC and AP, each in three.
        #expect(text.components(separatedBy: "\\begin{table}").count == 7)
        #expect(text.components(separatedBy: "continued.").count == 5)
        #expect(text.components(separatedBy: "latent\\_size=95{]}").count == 3)
    }

    @Test(.enabled(if: compiler != nil, "pdflatex is not installed"), arguments: [false, true])
    func documentsCompile(withoutResults: Bool) throws {
        let pending = [SampleReport.job("ae", Self.awkward, 0, auc: nil, state: .pending)]
        let report = withoutResults ? SweepReport(status: SampleReport.status(pending), jobs: pending) : sample
        let folder = FileManager.default.temporaryDirectory.appending(path: "medsweep-latex-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(report.render(.latex).utf8).write(to: folder.appending(path: "report.tex"))
        let process = Process()
        process.executableURL = URL(filePath: Self.compiler!)
        process.arguments = ["-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "report.tex"]
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let log = try String(decoding: Data(contentsOf: folder.appending(path: "report.log")), as: UTF8.self)
        #expect(process.terminationStatus == 0, "\(log.suffix(2000))")
        #expect(!log.contains("LaTeX Error") && !log.contains("Missing character"))
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "report.pdf").path))
    }
}
