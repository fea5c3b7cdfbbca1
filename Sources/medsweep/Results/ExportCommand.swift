import ArgumentParser
import Client
import DurableFiles
import Foundation
import Report
import Wire

extension ExportFormat: ExpressibleByArgument {}

/// `medsweep export`
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a sweep's jobs as runs of TensorBoard, MLflow or Weights & Biases.",
        discussion: """
            tensorboard: a folder with an event file for each job; `tensorboard --logdir DIR` opens it.
            mlflow: an mlruns folder in the layout of MLflow's file store. MLflow 1 and 2 open it with \
            `mlflow ui --backend-store-uri DIR/mlruns`; MLflow 3, whose late versions have laid that store aside, with \
            MLFLOW_ALLOW_FILE_STORE=true in the environment.
            wandb-csv: wandb_export.csv with the columns that W&B's own table of runs is exported with.
            Runs are named method-dataset-variant-seed-identity.

            Example: medsweep export tensorboard demo runs
            """)

    @Argument(help: "tensorboard, mlflow or wandb-csv.")
    var format: ExportFormat

    @Argument(help: "The sweep's name.")
    var sweep: String

    @Argument(help: "The folder to make.", completion: .directory)
    var folder: String

    @Flag(help: "Replace the folder if it is an earlier export.")
    var force = false

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print what was written as JSON.")
    var json = false

    /// What was written; kept in the folder too, which tells an export from other folders.
    struct Summary: Codable {
        var sweep: String
        var format: String
        var folder: String
        var runs: Int
        var files: Int
    }

    func run() async throws {
        let place = URL(filePath: folder, directoryHint: .isDirectory).standardizedFileURL
        try ExportFolder.check(place, force: force)
        let command = self
        let summary = try await connection.withClient { client in
            let status = try await client.sweep(command.sweep)
            let jobs = try await client.allJobs(sweep: status.name)
            let export = SweepExport(status: status, jobs: jobs, times: try await Self.times(of: jobs, client: client))
            return try command.write(export, jobs: jobs.count, to: place)
        }
        try Terminal.print(
            json
                ? String(decoding: try WireCoding.encode(summary), as: UTF8.self)
                : "wrote \(summary.runs) runs of '\(sweep.oneLine)' to '\(folder)': \(summary.files) files", isJSON: json)
    }

    /// When each job that ever began had its last attempt.
    private static func times(of jobs: [JobRow], client: CoordinatorClient) async throws -> [String: RunTimes] {
        var line = ProgressLine()
        defer { line.clear() }
        let begun = jobs.filter { $0.state != .pending }
        var times: [String: RunTimes] = [:]
        for (number, row) in begun.enumerated() {
            if number % 20 == 0 { line.show("asking for attempts: \(number) of \(begun.count) jobs") }
            let attempts = try await client.job(row.identity).attempts
            // What came late counts: the attempt that brought the result, else the last.
            guard let attempt = attempts.last(where: { $0.outcome == "done" }) ?? attempts.last else { continue }
            times[row.identity] = RunTimes(started: attempt.started, ended: attempt.ended)
        }
        return times
    }

    private func write(_ export: SweepExport, jobs: Int, to place: URL) throws -> Summary {
        var line = ProgressLine()
        defer { line.clear() }
        var summary = Summary(sweep: sweep, format: format.rawValue, folder: folder, runs: jobs, files: 0)
        try ExportFolder.make(place, force: force) { temporary in
            var written = 0
            try export.write(format, place: place) { files in
                for file in files { try ExportFolder.write(file.data, to: temporary.appending(path: file.path)) }
                summary.files += files.count { !$0.path.hasSuffix("/") }
                written += 1
                if written % 20 == 0 { line.show("writing: \(min(written, jobs)) of \(jobs) jobs") }
            }
            try ExportFolder.write(try WireCoding.encode(summary), to: temporary.appending(path: ExportFolder.marker))
        }
        return summary
    }
}
