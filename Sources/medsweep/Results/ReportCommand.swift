import ArgumentParser
import Catalogue
import Client
import DurableFiles
import Foundation
import Report
import Wire

extension ReportFormat: ExpressibleByArgument {}

/// `medsweep report`
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Prints a sweep's results: mean and standard deviation over seeds, and every job.",
        discussion: """
            Example: medsweep report demo -f html -o report.html
            Example: medsweep report demo --lines method,latent_size --columns dataset
            """)

    @Argument(help: "The sweep's name.")
    var sweep: String

    @OptionGroup var connection: ConnectionOptions

    @Option(name: [.short, .long], help: "table, csv, json, markdown, latex or html.")
    var format = ReportFormat.table

    @Option(name: [.short, .long], help: "Write to this file instead of standard output.")
    var output: String?

    @Option(help: "With -f table: one line for each value of these axes: method, dataset, seed or options, a comma between.")
    var lines: String?

    @Option(help: "With -f table: one column for each value of these axes.")
    var columns: String?

    func validate() throws {
        if lines != nil || columns != nil, format != .table {
            throw ValidationError("--lines and --columns are for -f table; csv and json hold every job, for any table")
        }
    }

    func run() async throws {
        if lines != nil || columns != nil { return try await printGrouping() }
        let command = self
        let results = try await connection.withClient { client in
            try await SweepResults.fetch(client.sweep(command.sweep), client: client, for: [command.format])
        }
        if !results.hasResults { Terminal.note("sweep '\(sweep)' has no finished job yet") }
        if let output {
            try results.write(format, toNamed: output)
        } else {
            try Terminal.write(results.render(format, color: Terminal.hasColors))
        }
    }
}

extension ReportCommand {
    private func printGrouping() async throws {
        let command = self
        @Sendable func axes(_ text: String?, _ usual: String) -> [String] {
            (text ?? usual).split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let grouping = try await connection.withClient { client in
            let status = try await client.sweep(command.sweep)
            return try GroupingText(
                await client.results(sweep: status.name), lines: axes(command.lines, "method"), columns: axes(command.columns, "dataset"),
                metric: status.policy.metric.name)
        }
        if let output {
            try DurableFile.write(Data((grouping.text + "\n").utf8), toNamed: output)
        } else {
            try Terminal.print(grouping.text)
        }
    }
}

/// A sweep's jobs and scores, fetched.
struct SweepResults: Sendable {
    private let report: SweepReport

    /// Fetches what `formats` show: all jobs, for tables without more than their metrics, and for a page the image scores and
    /// example images of the jobs that it shows.
    static func fetch(
        _ status: SweepStatus, client: CoordinatorClient, for formats: Set<ReportFormat>
    ) async throws -> SweepResults {
        let jobs = try await formats.allSatisfy(\.isTable) ? client.tableJobs(sweep: status.name) : client.allJobs(sweep: status.name)
        let source = formats.isDisjoint(with: [.html, .json]) ? nil : try await client.source(ofSweep: status.name)
        let report = SweepReport(status: status, jobs: jobs, source: source)
        guard formats.contains(.html) else { return SweepResults(report: report) }
        var scores: [String: ImageScores] = [:]
        var examples: [String: ExampleSheet] = [:]
        var room = Int64(SweepReport.exampleLimit)
        for job in report.representatives {
            func artefact(_ name: String) -> Artefact? { job.result?.artefacts.first { $0.name == name } }
            if let file = artefact(JobFile.scores) {
                scores[job.identity] = try await decoded(file, of: job, client) { try JSONDecoder().decode(ImageScores.self, from: $0) }
            }
            if let sheet = artefact(JobFile.examples), let text = artefact(JobFile.exampleRows), sheet.size <= room {
                room -= sheet.size
                let image = try await client.artefact(sheet.sha256)
                examples[job.identity] = try await decoded(text, of: job, client) { try ExampleSheet(image: image, description: $0) }
            }
        }
        return SweepResults(report: report.adding(scores: scores, examples: examples))
    }

    /// A job's file, read; one that is not what its name says is told with the job, whose worker wrote it.
    private static func decoded<Value>(
        _ file: Artefact, of job: JobRow, _ client: CoordinatorClient, _ read: (Data) throws -> Value
    ) async throws -> Value {
        let bytes = try await client.artefact(file.sha256)
        do {
            return try read(bytes)
        } catch {
            throw Failure(
                .badData, "the file \(file.name) of job \(job.identity.prefix(12)) is not what it should be; see `medsweep job \(job.identity.prefix(12))` for the worker that wrote it")
        }
    }

    var hasResults: Bool { report.hasResults }

    func render(_ format: ReportFormat, color: Bool) -> String { report.render(format, color: color) }

    /// Writes the report to what a person named, which may be a pipe or a device.
    func write(_ format: ReportFormat, toNamed path: String) throws {
        try DurableFile.write(Data(report.render(format, color: false).utf8), toNamed: path)
    }
}
