import Catalogue
import Foundation
import Sweep

/// A metric in lines and columns of any axes, in words: mean ± standard deviation, the mean's 95 % interval, how many jobs of
/// how many, and which are missing.
struct GroupingText {
    /// Names of axes: `method`, `dataset`, `seed` or an option's.
    let lines: [String]
    let columns: [String]
    let metric: String
    private let grouping: Grouping

    /// - Throws: ``Failure`` for an axis that no job has.
    init(_ rows: [ResultRow], lines: [String], columns: [String], metric: String) throws {
        let known = ["method", "dataset", "seed"] + Set(rows.flatMap(\.job.configuration.keys)).sorted()
        for name in lines + columns where !known.contains(name) {
            throw Failure(.usage, "no job of the sweep has an axis '\(name)'\(nearestNameHint(for: name, among: known))")
        }
        (self.lines, self.columns, self.metric) = (lines, columns, metric)
        grouping = Grouping(rows, lines: lines.map { .init($0) }, columns: columns.map { .init($0) })
    }

    /// The most jobs that are named as missing.
    private static let mostMissing = 20

    var text: String {
        var rows = [[Catalogue.title(ofMetric: metric)] + grouping.columns.map { name($0, columns) }]
        var missing: [String] = []
        for line in grouping.lines {
            rows.append([name(line, lines)] + grouping.columns.map { grouping.cell(line, $0).map(words) ?? "" })
            missing += grouping.columns.flatMap { grouping.cell(line, $0)?.missing ?? [] }.map {
                "  \(JobReference.short($0.identity)), seed \($0.seed), is \($0.state.rawValue)"
            }
        }
        let table = TextColumns.lines(rows, right: Set(1...max(1, grouping.columns.count)))
        let shown = missing.prefix(Self.mostMissing) + (missing.count > Self.mostMissing ? ["  and \(missing.count - Self.mostMissing) more"] : [])
        return (table + ["mean ± standard deviation [95 % interval of the mean] (jobs with a result of those asked for)\(isShare ? ", percent" : "")"]
            + (missing.isEmpty ? [] : ["missing:"] + shown)).joined(separator: "\n")
    }

    private func name(_ values: Grouping.Key, _ axes: [String]) -> String {
        zip(axes, values).map { "\($0)=\($1.map { "\($0)" } ?? "–")" }.joined(separator: ", ").oneLine
    }

    private func words(_ cell: ResultTable.Cell) -> String {
        let count = "(\(cell.summary(metric)?.count ?? 0)/\(cell.expected))"
        guard let summary = cell.summary(metric) else { return "none \(count)" }
        let deviation = summary.deviation.map { " ± \(number($0))" } ?? ""
        let interval = summary.interval.map { " [\(number($0.lowerBound)), \(number($0.upperBound))]" } ?? ""
        return "\(number(summary.mean))\(deviation)\(interval) \(count)"
    }

    private var isShare: Bool { MetricText.isShare(metric) }
    private func number(_ value: Double) -> String { MetricText.number(value, of: metric) }
}

/// A metric's values in words.
enum MetricText {
    /// Shares are shown in percent, other numbers as they are.
    static func isShare(_ metric: String) -> Bool { Catalogue.metrics.first { $0.name == metric }?.isShare ?? true }

    static func number(_ value: Double, of metric: String) -> String {
        isShare(metric) ? String(format: "%.1f", value * 100) : String(format: "%.5g", value)
    }
}
