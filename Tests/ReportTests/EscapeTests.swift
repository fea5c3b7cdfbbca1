import Foundation
import Sweep
import Testing
import Wire

@testable import Report

/// Texts from elsewhere stay texts in every format.
@Suite struct EscapeTests {
    @Test func html() {
        #expect(HTML.escaped("<b a=\"1\" c='2'>&") == "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;")
        // A mark that is put upon a quote does not hide it.
        #expect(HTML.escaped("\"\u{301} onload=\"x") == "&quot;\u{301} onload=&quot;x")
        #expect(HTML.escaped("a\u{202E}b\u{0}\nc\td") == "a\\u{202E}b\\u{0}\nc\td")
    }

    @Test func markdown() {
        #expect(Markdown.escaped("a|b <b>x</b> *y* `z` \\") == "a\\|b \\<b\\>x\\</b\\> \\*y\\* \\`z\\` \\\\")
        #expect(Markdown.escaped("AE [latent_size=4]") == "AE [latent_size=4]")
        #expect(Markdown.escaped("_x_ [a](b) [c]: d") == "\\_x\\_ [a\\](b) [c\\]: d")
        #expect(Markdown.escaped("a\nb\u{202E}") == "a b\\\\u{202E}")
    }

    @Test(arguments: [
        ("plain", "plain"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a\r\nb", "\"a\r\nb\""), (",\u{301}", "\",\u{301}\""),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("+cmd", "'+cmd"), ("-cmd", "'-cmd"), ("@x", "'@x"),
        ("\t=1", "'\\u{9}=1".replacing("\\u{9}", with: " ")),
        ("-0.5", "-0.5"), ("+1e-3", "+1e-3"), ("a\u{202E}b", "a\\u{202E}b"), ("", ""),
    ])
    func csv(_ text: String, _ field: String) { #expect(CSV.field(text) == field) }

    @Test func latex() {
        #expect(LaTeXText.escaped("a\u{1B}[2Jb\u{202E}c\td\u{2028}e") == "aU+1B{[}2JbU+202Ec d e")
    }

    /// A worker, a data set and an error of somebody who means it.
    private var hostile: SweepReport {
        var done = SampleReport.job("ae", "a|b<b>\u{202E}\"\u{301}", 0, auc: 0.8, notes: ["=1+1"])
        done.result?.worker = "=cmd|' /C calc'!A0"
        done.result?.host = "<script>alert(1)</script>\u{1B}[8m"
        let failed = SampleReport.job("vae", "a|b<b>\u{202E}\"\u{301}", 0, auc: nil, state: .quarantined)
        var status = SampleReport.status([done, failed])
        status.failing[0].error = "<img src=x onerror=alert(1)> \\input{x} | \u{1B}]0;t\u{7}"
        return SweepReport(status: status, jobs: [done, failed])
    }

    @Test(arguments: ReportFormat.allCases)
    func nothingPassesAsMarkup(_ format: ReportFormat) {
        let text = hostile.render(format)
        #expect(text.contains("AE") || text.contains("ae"))
        if format != .json {
            for scalar in text.unicodeScalars where scalar.isUnseen {
                #expect(["\n", "\r", "\t"].contains(scalar), "\(format): U+\(String(scalar.value, radix: 16))")
            }
        }
        switch format {
        case .html:
            #expect(!text.contains("<script>alert"))
            #expect(!text.contains("<img src=x"))
            #expect(!text.contains("a|b<b>"))
        case .markdown:
            #expect(!text.contains("a|b"))
            #expect(!text.contains(" <img"))
        case .csv: #expect(text.contains(",'=cmd|' /C calc'!A0,"))
        case .latex: #expect(!text.split(separator: "\n").contains { !$0.hasPrefix("%") && $0.contains("\\input") })
        case .table, .json: break
        }
    }

    /// A name that leads out of the folder is not written.
    @Test(arguments: ["../../../../newdir/pwned", "a/b", "..", ".", "", "a\\b", "a\0b", String(repeating: "n", count: 300)])
    func exportsKeepToTheirFolder(_ name: String) throws {
        var row = SampleReport.job("ae", "brain", 0, auc: 0.8)
        row.result?.metrics[name] = 0.5
        let export = SweepExport(status: SampleReport.status([row]), jobs: [row], times: [:])
        var paths: [String] = []
        let error = #expect(throws: ExportError.self) {
            try export.write(.mlflow, place: URL(filePath: "/tmp/place")) { files in paths += files.map(\.path) }
        }
        #expect(error?.description.contains("cannot be a file's") == true)
        #expect(!paths.contains { $0.contains("..") })
        // The other formats have no file of that name.
        try export.write(.tensorboard, place: URL(filePath: "/tmp/place")) { files in paths += files.map(\.path) }
        #expect(!paths.contains { $0.contains("..") })
    }

    @Test func identitiesKeepToTheirFolderToo() throws {
        var row = SampleReport.job("ae", "brain", 0, auc: 0.8)
        row.identity = "../../x/../../y"
        let export = SweepExport(status: SampleReport.status([row]), jobs: [row], times: [:])
        for format in [ExportFormat.mlflow, .tensorboard] {
            #expect(throws: ExportError.self) { try export.write(format, place: URL(filePath: "/tmp/place")) { _ in } }
        }
    }
}
