import Catalogue
import Foundation
import Sweep
import Wire

/// Every job in tidy form, one row a job.
struct JobTable {
    let report: SweepReport

    private var options: [String] { Set(report.jobs.flatMap(\.job.configuration.keys)).sorted() }
    private var metrics: [String] {
        let first = Catalogue.metrics.map(\.name)
        let present = Set(report.jobs.flatMap { $0.result.map { Array($0.metrics.keys) } ?? [] })
        return first.filter(present.contains) + present.subtracting(first).sorted()
    }

    // MARK: CSV

    /// RFC 4180.
    var csv: String {
        let (options, metrics) = (options, metrics)
        let studied = metrics.filter { metric in report.jobs.contains { study($0, metric) != nil } }
        let header = ["sweep", "method"] + options + ["dataset", "fingerprint", "seed", "state"] + metrics
            + studied.flatMap { ["\($0)_study", "\($0)_difference"] }
            + ["failed_attempts", "training_seconds", "wall_seconds", "peak_memory", "worker", "host", "device", "engine", "notes", "identity"]
        var lines = [header]
        for row in report.jobs {
            let result = row.result
            var fields = [report.status.name, row.job.method]
            fields += options.map { row.job.configuration[$0].map { "\($0)" } ?? "" }
            fields += [row.job.dataset, row.job.fingerprint, String(row.job.seed), row.state.rawValue]
            fields += metrics.map { name in result?.metrics[name].map { "\($0)" } ?? "" }
            fields += studied.flatMap { name -> [String] in
                guard let mean = study(row, name) else { return ["", ""] }
                return ["\(mean)", result?.metrics[name].map { "\($0 - mean)" } ?? ""]
            }
            fields += [
                String(row.failedAttempts), result.map { "\($0.trainingSeconds)" } ?? "", result.map { "\($0.wallSeconds)" } ?? "",
                result.map { "\($0.peakMemory)" } ?? "", result?.worker ?? "", result?.host ?? "",
                result?.engine.platform.device ?? "", result?.engine.description ?? "", result?.notes.joined(separator: "; ") ?? "",
                row.identity,
            ]
            lines.append(fields)
        }
        return lines.map { $0.map { CSV.field($0) }.joined(separator: ",") }.joined(separator: "\r\n") + "\r\n"
    }

    /// The study's mean for jobs like this one, as a share like the job's own metrics.
    private func study(_ row: JobRow, _ metric: String) -> Double? {
        Catalogue.published(
            method: row.job.method, dataset: row.job.dataset, metric: metric, configuration: row.job.configuration
        ).map { $0.mean / 100 }
    }

    // MARK: JSON

    private struct Document: Encodable {
        let sweep: String
        let states: [JobState: Int]
        /// The sweep file and its overrides.
        let source: SubmitRequest?
        let cells: [CellEntry]
        let jobs: [JobRow]
    }

    private struct CellEntry: Encodable {
        let method: String
        let variant: String
        let dataset: String
        let expected: Int
        /// The engine classes that the cell's values come from: with more than one, last digits depend on where each ran.
        let engines: [EngineClass]
        let metrics: [String: MetricEntry]
        let missing: [MissingEntry]
    }

    /// A job of a cell that has no result.
    private struct MissingEntry: Encodable {
        let identity: String
        let seed: Int
        let state: JobState
    }

    private struct MetricEntry: Encodable {
        let n: Int
        let mean: Double
        let sd: Double?
        /// The 95 % interval of the mean: its lower and its upper end.
        let interval: [Double]?
        let study: StudyEntry?
    }

    /// The study's number, as shares like the metric itself.
    private struct StudyEntry: Encodable {
        let mean: Double
        let sd: Double?
        /// This sweep's mean less the study's.
        let difference: Double
        let source: String
    }

    var json: String {
        let table = report.table
        let cells = table.lines.flatMap { line in
            table.datasets.compactMap { dataset -> CellEntry? in
                guard let cell = table.cell(line, dataset) else { return nil }
                let metrics = cell.values.keys.reduce(into: [String: MetricEntry]()) { entries, name in
                    entries[name] = cell.summary(name).map { summary in
                        let study = report.published(cell, line, dataset, name).map {
                            StudyEntry(
                                mean: $0.mean / 100, sd: $0.deviation.map { $0 / 100 }, difference: summary.mean - $0.mean / 100,
                                source: $0.source.title)
                        }
                        return MetricEntry(n: summary.count, mean: summary.mean, sd: summary.deviation,
                            interval: summary.interval.map { [$0.lowerBound, $0.upperBound] }, study: study)
                    }
                }
                return CellEntry(
                    method: line.method, variant: line.variant, dataset: dataset, expected: cell.expected, engines: cell.engines, metrics: metrics,
                    missing: cell.missing.map { MissingEntry(identity: $0.identity, seed: $0.seed, state: $0.state) })
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let document = Document(sweep: report.status.name, states: report.status.jobs, source: report.source, cells: cells, jobs: report.jobs)
        // Finite numbers and texts only: this cannot fail.
        return String(decoding: (try? encoder.encode(document)) ?? Data(), as: UTF8.self)
    }
}
