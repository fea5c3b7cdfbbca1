import ArgumentParser
import Client
import Datasets
import Foundation
import Report
import Wire

/// `medsweep run`: a sweep from its file to its table on this machine.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a sweep on this machine and prints its table.",
        discussion: """
            Starts a coordinator on the state folder and a worker process beside it that runs as many jobs at once as this \
            machine's processors, memory and GPUs hold, and stops them at the end. \
            Finished jobs are never run again: after an interruption, or after an edit of the file, the same command \
            goes on with what is missing. Exit code 1: some jobs failed for good; 69: a device is not there, or jobs need what \
            this machine does not have.

            Example: medsweep run sweep.yaml method=ae,vae --data ~/MedIAnomaly-Data --report report.html
            """)

    @OptionGroup var source: SweepSource

    @Option(help: "The folder that keeps jobs, results and files.")
    var state = "medsweep-state"

    @OptionGroup var workers: LocalWorkerOptions

    @Option(help: "The folder of pretrained weights (default: $MEDSWEEP_WEIGHTS or ~/.medsweep/weights).")
    var weights: String?

    @Option(help: "Also write the report to this HTML file.")
    var report: String?

    @Flag(help: "Print the final status and results as JSON instead of a table.")
    var json = false

    func run() async throws {
        let (sweep, request) = try source.request()
        try source.tellEntries(of: sweep) { if !json { Terminal.note($0) } }
        for name in sweep.datasetNames where request.contents[name] == nil {
            throw Failure(
                .noInput, "there is no data set '\(name)' below \(places); name its folder's parent with --data")
        }
        // A device that is not there is told before anything is begun.
        let fleet = try workers.arguments(program: LocalWorkers.executable())
        let stateFolder = URL(filePath: state, directoryHint: .isDirectory)
        let command = self
        let failed = try await EmbeddedCoordinator.run(state: stateFolder) { address in
            try ServedAddress.write(address, to: stateFolder)
            defer { ServedAddress.remove(from: stateFolder) }
            let client = try ConnectionOptions.parse([]).client(address)
            return try await command.follow(request, client: client, address: address, fleet: fleet)
        }
        if failed > 0 { throw Failure(.jobsFailed, "\(failed) jobs failed for good; `medsweep status --state \(state)` tells why") }
    }

    private var places: String {
        source.dataFolders.isEmpty ? "any data folder" : source.dataFolders.map { "'\($0.path)'" }.joined(separator: ", ")
    }

    /// Submits, runs workers until the sweep is finished, and reports. Returns the number of failed jobs.
    private func follow(
        _ request: SubmitRequest, client: CoordinatorClient, address: String, fleet arguments: [[String]]
    ) async throws -> Int {
        let submitted = try await client.submit(request)
        var status = try await client.sweep(submitted.sweep)
        if status.isFinished {
            Terminal.note("all \(submitted.total) jobs of '\(submitted.sweep)' were finished before; nothing is left to run")
        } else {
            Terminal.note(
                "sweep '\(submitted.sweep)': \(submitted.total) jobs, \(submitted.new) new, \(submitted.reused) finished before")
            let folder = LocalWeights(weights.map { URL(filePath: $0, directoryHint: .isDirectory) } ?? LocalWeights.defaultFolder)
            try requireWeights(status, in: folder)
            let fleet = try LocalWorkers(
                arguments, coordinator: address, dataFolders: source.dataFolders, weights: folder.folder,
                logFolder: URL(filePath: state).appending(path: "workers"))
            status = try await withStopSignals {
                try await watch(submitted.sweep, client: client, fleet: fleet)
            } onStop: {
                fleet.stop()
            }
            fleet.stop()
        }
        try await present(status, client: client)
        return status.failedForGood
    }

    /// Workers would wait for weights for ever.
    private func requireWeights(_ status: SweepStatus, in folder: LocalWeights) throws {
        let files = try folder.files()
        for needed in status.weights ?? [] {
            let name = StatusText.file(needed.name)
            guard let file = files[needed.name] else {
                throw Failure(
                    .noInput, "\(needed.jobs) jobs need \(name), which is not in '\(folder.folder.path)'; add it with `medsweep weights add FILE`")
            }
            try folder.check(needed.name, file)
        }
    }

    /// Shows progress until every job has ended.
    private func watch(_ sweep: String, client: CoordinatorClient, fleet: LocalWorkers) async throws -> SweepStatus {
        var line = ProgressLine()
        var told: Set<String> = []
        var standstill = Standstill()
        while true {
            // What nobody has is known only once all have told what they have, and of a sweep that was looked at after that.
            let isComplete = try await Set(client.workers().workers.map(\.description.name)).isSuperset(of: fleet.names)
            var status = try await client.sweep(sweep)
            if !isComplete { status.obstacles = nil }
            for obstacle in status.obstacles ?? [] where told.insert(obstacle.reason).inserted {
                line.clear()
                Terminal.note("\(ControlText.jobs(obstacle.jobs)) cannot run here: \(obstacle.reason.oneLine)")
            }
            let reason = try await standstill.reason(status) {
                try await client.allJobs(sweep: sweep).contains { $0.state == .pending && $0.failedAttempts > 0 }
            }
            if let reason {
                line.clear()
                throw Failure(.unavailable, reason)
            }
            line.show(StatusText.line(status))
            if status.isFinished {
                line.clear()
                return status
            }
            if status.isStalled {
                line.clear()
                throw Failure(.jobsFailed, "the sweep stopped: \(status.jobs[.quarantined, default: 0]) jobs failed for good, which is its limits.max_failed")
            }
            if let problem = fleet.problem() {
                line.clear()
                throw Failure(.software, problem)
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    private func present(_ status: SweepStatus, client: CoordinatorClient) async throws {
        let shown: ReportFormat = json ? .json : .table
        let results = try await SweepResults.fetch(status, client: client, for: report == nil ? [shown] : [shown, .html])
        try Terminal.write(results.render(shown, color: Terminal.hasColors))
        if let report {
            try results.write(.html, toNamed: report)
            Terminal.note("the report is in '\(report)'")
        }
    }
}

/// Runs `body`; at the first SIGINT or SIGTERM calls `onStop`, cancels `body` and ends the process's work as
/// interrupted.
func withStopSignals<Result: Sendable>(
    _ body: @Sendable @escaping () async throws -> Result, onStop: @Sendable @escaping () -> Void
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        let signals = StopSignals()
        group.addTask { try await body() }
        group.addTask {
            for await _ in signals.stream {
                onStop()
                throw Failure(.temporary, "stopped; run the same command again to go on where it was")
            }
            return nil
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let result { return result }
        }
        throw CancellationError()
    }
}

/// SIGINT and SIGTERM as a stream. A second one ends the process at once.
final class StopSignals: @unchecked Sendable {
    let stream: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.stream = stream
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                signal(number, SIG_DFL)
                continuation.yield(number)
            }
            source.resume()
            return source
        }
    }

    deinit { for source in sources { source.cancel() } }
}
