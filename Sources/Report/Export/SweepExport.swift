import Foundation
import Sweep
import Wire

/// The trackers of experiments that a sweep can be handed to.
public enum ExportFormat: String, CaseIterable, Sendable {
    /// A folder with an event file for each job.
    case tensorboard
    /// An `mlruns` folder in the layout of MLflow's file store.
    case mlflow
    /// A table as Weights & Biases exports it.
    case wandbCSV = "wandb-csv"
}

/// A sweep's jobs in the files of another tool.
public struct SweepExport: Sendable {
    private let status: SweepStatus
    private let jobs: [JobRow]
    private let times: [String: RunTimes]

    /// - Parameter times: when each job ran, by identity; one without counts from the sweep's submission.
    public init(status: SweepStatus, jobs: [JobRow], times: [String: RunTimes]) {
        self.status = status
        self.jobs = jobs
        self.times = times
    }

    /// Hands every file over, a job's files in one go.
    /// - Parameters:
    ///   - place: the folder in which the files will lie at last.
    ///   - body: gets paths within `place` and contents; a path with a slash at its end is a folder, which may stay empty.
    public func write(
        _ format: ExportFormat, place: URL, _ body: (_ files: [(path: String, data: Data)]) throws -> Void
    ) throws {
        let variants = ResultTable.variants(jobs.map(ResultRow.init))
        func run(_ index: Int) -> ExportedRun {
            let row = jobs[index]
            return ExportedRun(
                sweep: status.name, row: row, variant: variants[index],
                times: times[row.identity] ?? RunTimes(started: status.submitted, ended: nil))
        }
        switch format {
        case .tensorboard:
            for index in jobs.indices {
                let events = TensorBoardEvents(run: run(index))
                try body([(path: "\(events.run.name)/\(events.fileName)", data: events.data)])
            }
        case .mlflow:
            let store = MLflowStore(
                sweep: status.name, submitted: status.submitted, place: place.appending(path: "mlruns", directoryHint: .isDirectory))
            func below(_ file: (path: String, data: Data)) -> (path: String, data: Data) { (path: "mlruns/" + file.path, data: file.data) }
            try body([below(store.experimentFile)])
            for index in jobs.indices { try body(try store.files(run(index)).map(below)) }
        case .wandbCSV:
            try body([(path: "wandb_export.csv", data: Data(WandbTable(runs: jobs.indices.map(run)).csv.utf8))])
        }
    }
}
