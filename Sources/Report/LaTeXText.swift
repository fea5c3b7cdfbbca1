import Catalogue
import Foundation
import Sweep
import Wire

/// The tables as a LaTeX document with `booktabs`: the best of a column bold, the second underlined. It compiles as it is,
/// and says in comments which lines belong into a paper.
struct LaTeXText {
    let report: SweepReport

    /// Rows of one table; what is longer goes on in a further one, since a float does not break over pages.
    private static let rowsPerTable = 40

    var text: String {
        let body = report.hasResults
            ? "% --- tables: begin ---\n\(tables.joined(separator: "\n\n"))\n% --- tables: end ---"
            : "No job of sweep \\texttt{\(Self.escaped(report.status.name))} has finished yet."
        return """
            \(comments.map { "% " + $0.oneLine }.joined(separator: "\n"))
            \\documentclass{article}
            \\usepackage{booktabs}
            \\usepackage{graphicx}
            \\begin{document}
            \(body)
            \(mixture)\(missing)\\end{document}

            """
    }

    // MARK: Parts

    private var comments: [String] {
        let done = report.jobs.count { $0.result != nil }
        let submitted = Date(timeIntervalSince1970: report.status.submitted).formatted(.iso8601)
        let versions = Set(report.jobs.map(\.job.coreVersion)).sorted().map { "\($0)" }
        var lines = [
            "Sweep '\(report.status.name)', submitted \(submitted): \(done) of \(report.jobs.count) jobs done.",
            "Written by medsweep; training core version \(versions.isEmpty ? "\(Catalogue.coreVersion)" : versions.joined(separator: ", ")).",
        ]
        lines += Set(report.jobs.map { "Data set \($0.job.dataset): content fingerprint \($0.job.fingerprint)." }).sorted()
        lines += report.engines.map { "Engine class: \($0)." }
        lines += report.missing().map { "Missing: \($0)." }
        if report.hasResults {
            lines += [
                "Compiles as it is with pdflatex. For a paper copy the lines between '--- tables: begin ---' and",
                "'--- tables: end ---'; its preamble needs \\usepackage{booktabs} and, to narrow tables that are wider than",
                "the text, \\usepackage{graphicx}.",
            ]
        }
        return lines
    }

    private var tables: [String] {
        var tables: [String] = []
        for metric in report.metrics {
            let rows = rows(metric)
            for first in stride(from: 0, to: rows.count, by: Self.rowsPerTable) {
                // TeX holds back a limited number of floats.
                if tables.count % 8 == 7 { tables.append("\\clearpage") }
                tables.append(table(metric, Array(rows[first..<min(first + Self.rowsPerTable, rows.count)]), isFirst: first == 0))
            }
        }
        return tables
    }

    private func table(_ metric: String, _ rows: [String], isFirst: Bool) -> String {
        let datasets = report.datasets(of: metric)
        let title = Self.escaped(Catalogue.title(ofMetric: metric))
        let note = isFirst ? ", in \(Self.escaped(report.explanation)). Best in bold, second best underlined." : ", continued."
        let label = isFirst ? "\\label{tab:\(Self.label("\(report.status.name)-\(metric)"))}" : ""
        return """
            \\begin{table}[htbp]
            \\centering
            \\caption{\(title)\(note)}\(label)
            \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%
            \\begin{tabular}{l\(String(repeating: "r", count: datasets.count))}
            \\toprule
            Method & \(datasets.map { Self.escaped(Catalogue.title(ofDataset: $0)) }.joined(separator: " & ")) \\\\
            \\midrule
            \(rows.joined(separator: "\n"))
            \\bottomrule
            \\end{tabular}}
            \\end{table}
            """
    }

    private func rows(_ metric: String) -> [String] {
        let datasets = report.datasets(of: metric)
        let places = datasets.map { report.table.places(metric, $0) }
        return report.table.lines.compactMap { line in
            guard datasets.contains(where: { report.table.cell(line, $0) != nil }) else { return nil }
            let cells = datasets.enumerated().map { index, dataset -> String in
                let text = Self.number(report.text(report.table.cell(line, dataset), line, dataset, metric))
                switch places[index][line] {
                case 1: return "\\textbf{\(text)}"
                case 2: return "\\underline{\(text)}"
                default: return text
                }
            }
            return "\(Self.escaped(line.title)) & \(cells.joined(separator: " & ")) \\\\"
        }
    }

    private var mixture: String {
        report.mixture.map { "\n\\paragraph{Engines}\nThere are \(Self.escaped($0)).\n" } ?? ""
    }

    private var missing: String {
        let lines = report.missing()
        guard !lines.isEmpty else { return "" }
        let items = lines.map { "  \\item \(Self.escaped($0))\n" }
        return "\n\\paragraph{Missing}\n\\begin{itemize}\n\(items.joined())\\end{itemize}\n"
    }

    // MARK: Escaping

    /// A cell's text with real minus signs.
    private static func number(_ text: String) -> String {
        escaped(text).replacingOccurrences(of: ", -", with: ", $-$")
    }

    /// Text that stands for itself. Letters that TeX's
    /// own font does not have are given by their code.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\\": result += "\\textbackslash{}"
            case "~": result += "\\textasciitilde{}"
            case "^": result += "\\textasciicircum{}"
            case "{", "}", "$", "&", "#", "%", "_": result += "\\\(scalar)"
            case "<": result += "\\textless{}"
            case ">": result += "\\textgreater{}"
            case "|": result += "\\textbar{}"
            case "\"": result += "''"
            // A bracket behind a line's end would be its option.
            case "[", "]": result += "{\(scalar)}"
            case "±": result += "$\\pm$"
            case "–": result += "--"
            case "…": result += "\\ldots{}"
            case _ where scalar.properties.isWhitespace && scalar.isUnseen: result += " "
            case _ where scalar.isASCII && !scalar.isUnseen: result.unicodeScalars.append(scalar)
            case "\u{C0}"..."\u{FF}" where !"×÷ÐðÞþ".unicodeScalars.contains(scalar): result.unicodeScalars.append(scalar)
            default: result += "U+" + String(scalar.value, radix: 16, uppercase: true)
            }
        }
    }

    private static func label(_ text: String) -> String {
        text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "-" }.joined()
    }
}
