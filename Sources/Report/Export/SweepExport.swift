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

/// Why a sweep cannot be exported: one sentence.
public struct ExportError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}

/// Paths within an export. Names of metrics, options and jobs come from elsewhere: none of them leads out of the export's folder, or
/// to a folder in it that is not its own.
enum ExportPath {
    /// - Parameter names: of folders, and the file's at last.
    static func join(_ names: String...) throws(ExportError) -> String {
        for name in names {
            let isPlain = name.unicodeScalars.allSatisfy { $0 != "/" && $0 != "\\" && !$0.isUnseen }
            guard isPlain, !name.isEmpty, name != ".", name != "..", name.utf8.count <= 255 else {
                throw ExportError(
                    description: "the coordinator gave the name '\(name.prefix(200).oneLine)', which cannot be a file's; nothing was exported")
            }
        }
        return names.joined(separator: "/")
    }
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
    /// - Throws: ``ExportError`` for names that cannot be files', and what `body` throws.
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
                try body([(path: try ExportPath.join(events.run.name, events.fileName), data: events.data)])
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
