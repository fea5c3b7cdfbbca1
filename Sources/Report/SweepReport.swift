import Catalogue
import Foundation
import Sweep
import Wire

/// The forms a report can take.
public enum ReportFormat: String, CaseIterable, Sendable {
    case table, csv, json, markdown, latex, html
}

/// A sweep's results, ready to be written in any form.
public struct SweepReport: Sendable {
    let status: SweepStatus
    let jobs: [JobRow]
    /// Scores of every test image by job identity.
    private(set) var scores: [String: ImageScores]
    /// Example images by job identity.
    private(set) var examples: [String: ExampleSheet]
    let table: ResultTable
    /// What the sweep was made from; `nil`: it is not known here.
    let source: SubmitRequest?

    /// - Parameters:
    ///   - source: the sweep file, for the provenance.
    ///   - scores: of the jobs whose curves are to be shown.
    ///   - examples: of the jobs whose images are to be shown.
    public init(
        status: SweepStatus, jobs: [JobRow], source: SubmitRequest? = nil, scores: [String: ImageScores] = [:],
        examples: [String: ExampleSheet] = [:]
    ) {
        self.source = source
        self.status = status
        self.jobs = jobs
        self.scores = scores
        self.examples = examples
        table = ResultTable(jobs.map(ResultRow.init), goal: status.policy.metric.goal)
    }

    /// A report like this one with the scores and examples of its representative jobs.
    public func adding(scores: [String: ImageScores], examples: [String: ExampleSheet]) -> SweepReport {
        var report = self
        (report.scores, report.examples) = (scores, examples)
        return report
    }

    /// The jobs whose scores and examples a page shows: one of each cell, of one seed wherever a data set's lines have one in common.
    public var representatives: [JobRow] { firstJobs.map(\.job) }

    /// The most bytes of example images that a page shows.
    public static let exampleLimit = Gallery.limit

    private struct CellKey: Hashable {
        let method: String
        let dataset: String
        let configuration: Settings
    }

    /// The job that stands for a cell, in the order of the tables. On each data set it is the job of the seed that most lines have
    /// finished, of several the lowest, so that lines are compared on one seed; a line without that seed shows its lowest. Only
    /// pages ask for it.
    var firstJobs: [(line: ResultTable.Line, dataset: String, job: JobRow)] {
        var finished: [CellKey: [Int: JobRow]] = [:]
        for job in jobs where job.result != nil {
            let key = CellKey(method: job.job.method, dataset: job.job.dataset, configuration: job.job.configuration)
            finished[key, default: [:]][job.job.seed] = finished[key]?[job.job.seed] ?? job
        }
        return table.datasets.flatMap { dataset -> [(line: ResultTable.Line, dataset: String, job: JobRow)] in
            let cells = table.lines.compactMap { line in
                table.cell(line, dataset).flatMap { cell in
                    finished[CellKey(method: line.method, dataset: dataset, configuration: cell.configuration)]
                }.map { (line: line, jobs: $0) }
            }
            var counts: [Int: Int] = [:]
            for seed in cells.flatMap(\.jobs.keys) { counts[seed, default: 0] += 1 }
            let shared = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
            return cells.compactMap { line, jobs in
                (shared.flatMap { jobs[$0] } ?? jobs.min { $0.key < $1.key }?.value).map { (line, dataset, $0) }
            }
        }
    }

    /// - Parameter color: whether the terminal table may use ANSI styles.
    public func render(_ format: ReportFormat, color: Bool = false) -> String {
        switch format {
        case .table: TableText(report: self, color: color).text
        case .markdown: MarkdownText(report: self).text
        case .csv: JobTable(report: self).csv
        case .json: JobTable(report: self).json
        case .latex: LaTeXText(report: self).text
        case .html: HTMLPage(report: self).text
        }
    }

    /// Whether any job has finished.
    public var hasResults: Bool { jobs.contains { $0.result != nil } }

    /// The metrics that are shown: AUC and AP always, pixel metrics where there are masks.
    var metrics: [String] {
        let present = table.metrics
        return ["auc", "ap"] + present.filter { $0 != "auc" && $0 != "ap" }
    }

    /// The data sets that have any value of a metric, or all for a metric that every data set should have.
    func datasets(of metric: String) -> [String] {
        if metric == "auc" || metric == "ap" { return table.datasets }
        return table.datasets.filter { dataset in
            table.lines.contains { table.cell($0, dataset)?.summary(metric) != nil }
        }
    }

    /// `67.5 ± 0.9`: percent as the study gives them; `(2/3)` behind it when jobs are missing; `[68.0, -0.5]` where the
    /// study has a number for these very settings: its mean and the difference from it.
    func text(_ cell: ResultTable.Cell?, _ line: ResultTable.Line, _ dataset: String, _ metric: String) -> String {
        guard let cell else { return "" }
        guard let summary = cell.summary(metric) else { return status.isFinished ? "–" : "…" }
        var text = percent(summary.mean)
        if let deviation = summary.deviation { text += " ± \(percent(deviation))" }
        if !cell.isComplete(metric) { text += " (\(summary.count)/\(cell.expected))" }
        if let study = published(cell, line, dataset, metric) {
            text += String(format: " [%.1f, %+.1f]", study.mean, summary.mean * 100 - study.mean)
        }
        return text
    }

    /// The study's number for a cell.
    func published(
        _ cell: ResultTable.Cell, _ line: ResultTable.Line, _ dataset: String, _ metric: String
    ) -> PublishedResult? {
        Catalogue.published(method: line.method, dataset: dataset, metric: metric, configuration: cell.configuration)
    }

    /// Whether the study has a number for any cell that has one.
    private var hasPublished: Bool {
        table.lines.contains { line in
            table.datasets.contains { dataset in
                guard let cell = table.cell(line, dataset) else { return false }
                return metrics.contains { cell.summary($0) != nil && published(cell, line, dataset, $0) != nil }
            }
        }
    }

    func percent(_ value: Double) -> String { String(format: "%.1f", value * 100) }

    /// Jobs without a result, each in words; at most `limit`, then a count.
    func missing(limit: Int = 10) -> [String] {
        let missing = jobs.filter { $0.result == nil }
        var lines = missing.prefix(limit).map { row -> String in
            let error = status.failing.first { $0.identity == row.identity }.map { ": \($0.error)" } ?? ""
            return "\(row.job.method) on \(row.job.dataset), seed \(row.job.seed) (\(row.identity.prefix(12))) is \(row.state.rawValue)\(error)"
        }
        if missing.count > limit { lines.append("and \(missing.count - limit) more") }
        return lines
    }

    /// What stands under the tables when some cells' seeds ran on engines that give other last digits; `nil`: none did.
    var mixture: String? {
        let cells = table.lines.flatMap { line in
            table.datasets.compactMap { dataset in
                table.cell(line, dataset)?.isMixed == true ? "\(line.title) on \(Catalogue.title(ofDataset: dataset))" : nil
            }
        }
        guard !cells.isEmpty else { return nil }
        let more = cells.count > 10 ? " and \(cells.count - 10) more" : ""
        return "seeds of several engine classes, so that last digits depend on where each ran: \(cells.prefix(10).joined(separator: "; "))\(more)"
    }

    /// The engine classes of all results, in words, each once.
    var engines: [String] { Set(jobs.compactMap(\.result?.engine)).map(\.description).sorted() }

    /// What stands under every table.
    var explanation: String {
        "percent, mean ± standard deviation over seeds" + (hasPublished ? "; in brackets the study's mean and the difference from it" : "")
    }
}
