import Catalogue
import Sweep
import Wire

/// The tables on a terminal: the best of a column bold, the second underlined.
struct TableText {
    let report: SweepReport
    let color: Bool

    var text: String {
        guard report.hasResults else {
            return (["sweep '\(report.status.name.oneLine)' has no finished job yet"] + report.missing().map(\.oneLine)).joined(separator: "\n")
        }
        var parts = report.metrics.map { table($0) }
        if let mixture = report.mixture { parts.append(mixture.oneLine) }
        let missing = report.missing().map(\.oneLine)
        if !missing.isEmpty { parts.append((["missing:"] + missing.map { "  \($0)" }).joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }

    private func table(_ metric: String) -> String {
        let table = report.table
        let datasets = report.datasets(of: metric)
        let places = datasets.map { table.places(metric, $0) }
        var rows = [[Catalogue.title(ofMetric: metric).oneLine] + datasets.map { Catalogue.title(ofDataset: $0).oneLine }]
        for line in table.lines {
            let values = datasets.map { report.text(table.cell(line, $0), line, $0, metric) }
            if values.contains(where: { !$0.isEmpty }) { rows.append([line.title.oneLine] + values) }
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let shownLines = table.lines.filter { line in datasets.contains { table.cell(line, $0) != nil } }
        var lines: [String] = []
        for (number, row) in rows.enumerated() {
            let padded = row.indices.map { column -> String in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                guard column > 0 else { return row[column] + space }
                let place = number > 0 ? places[column - 1][shownLines[number - 1]] : nil
                return space + styled(row[column], place)
            }
            lines.append(padded.joined(separator: "   "))
            if number == 0 {
                lines.append(String(repeating: "─", count: widths.reduce(0, +) + 3 * (widths.count - 1)))
            }
        }
        return lines.joined(separator: "\n") + "\n" + report.explanation
    }

    private func styled(_ text: String, _ place: Int?) -> String {
        guard color, let place else { return text }
        return "\u{1B}[\(place == 1 ? 1 : 4)m\(text)\u{1B}[0m"
    }
}

/// The tables in GitHub's Markdown: the best of a column bold.
struct MarkdownText {
    let report: SweepReport

    var text: String {
        let table = report.table
        var parts = ["## \(Markdown.escaped(report.status.name))"]
        guard report.hasResults else {
            return (parts + ["No job has finished yet."]).joined(separator: "\n\n")
        }
        for metric in report.metrics {
            let datasets = report.datasets(of: metric)
            let places = datasets.map { table.places(metric, $0) }
            var lines = [
                "| \(Markdown.escaped(Catalogue.title(ofMetric: metric))) | "
                    + datasets.map { Markdown.escaped(Catalogue.title(ofDataset: $0)) }.joined(separator: " | ") + " |",
                "| --- |" + String(repeating: " ---: |", count: datasets.count),
            ]
            for line in table.lines {
                let cells = datasets.enumerated().map { index, dataset in
                    let text = report.text(table.cell(line, dataset), line, dataset, metric)
                    return places[index][line] == 1 ? "**\(text)**" : text
                }
                guard cells.contains(where: { !$0.isEmpty }) else { continue }
                lines.append("| \(Markdown.escaped(line.title)) | " + cells.joined(separator: " | ") + " |")
            }
            parts.append(lines.joined(separator: "\n"))
        }
        parts.append("In \(report.explanation).")
        if let mixture = report.mixture { parts.append("There are \(Markdown.escaped(mixture)).") }
        let missing = report.missing()
        if !missing.isEmpty { parts.append("Missing:\n" + missing.map { "- \(Markdown.escaped($0))" }.joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }
}
