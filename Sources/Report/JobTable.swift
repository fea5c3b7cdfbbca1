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
        let header = ["sweep", "method"] + options + ["dataset", "fingerprint", "seed", "state"] + metrics
            + ["failed_attempts", "training_seconds", "wall_seconds", "peak_memory", "worker", "host", "device", "engine", "identity"]
        var lines = [header]
        for row in report.jobs {
            let result = row.result
            var fields = [report.status.name, row.job.method]
            fields += options.map { row.job.configuration[$0].map { "\($0)" } ?? "" }
            fields += [row.job.dataset, row.job.fingerprint, String(row.job.seed), row.state.rawValue]
            fields += metrics.map { name in result?.metrics[name].map { "\($0)" } ?? "" }
            fields += [
                String(row.failedAttempts), result.map { "\($0.trainingSeconds)" } ?? "", result.map { "\($0.wallSeconds)" } ?? "",
                result.map { "\($0.peakMemory)" } ?? "", result?.worker ?? "", result?.host ?? "", result?.device ?? "",
                result?.engine ?? "", row.identity,
            ]
            lines.append(fields)
        }
        return lines.map { $0.map(Self.quoted).joined(separator: ",") }.joined(separator: "\r\n") + "\r\n"
    }

    private static func quoted(_ field: String) -> String {
        let isPlain = !field.contains { $0 == "," || $0 == "\"" || $0.isNewline }
        return isPlain ? field : "\"\(field.replacingOccurrences(of: "\"", with: "\"\""))\""
    }

    // MARK: JSON

    private struct Document: Encodable {
        let sweep: String
        let states: [JobState: Int]
        let cells: [CellEntry]
        let jobs: [JobRow]
    }

    private struct CellEntry: Encodable {
        let method: String
        let variant: String
        let dataset: String
        let expected: Int
        let metrics: [String: MetricEntry]
    }

    private struct MetricEntry: Encodable {
        let n: Int
        let mean: Double
        let sd: Double?
    }

    var json: String {
        let table = report.table
        let cells = table.lines.flatMap { line in
            table.datasets.compactMap { dataset -> CellEntry? in
                guard let cell = table.cell(line, dataset) else { return nil }
                let metrics = cell.values.keys.reduce(into: [String: MetricEntry]()) { entries, name in
                    entries[name] = cell.summary(name).map { MetricEntry(n: $0.count, mean: $0.mean, sd: $0.deviation) }
                }
                return CellEntry(
                    method: line.method, variant: line.variant, dataset: dataset, expected: cell.expected, metrics: metrics)
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let document = Document(sweep: report.status.name, states: report.status.jobs, cells: cells, jobs: report.jobs)
        // Finite numbers and texts only: this cannot fail.
        return String(decoding: (try? encoder.encode(document)) ?? Data(), as: UTF8.self)
    }
}
