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
            goes on with what is missing. SIGINT, SIGTERM, SIGHUP (unless started by nohup), SIGUSR1 and SIGUSR2 let running jobs \
            write checkpoints for --grace seconds; a second SIGINT or SIGTERM ends at once. Exit code 1: some jobs failed for good; \
            69: a device is not there, or jobs need what this machine does not have; 75: it was stopped.

            Example: medsweep run sweep.yaml method=ae,vae --data ~/MedIAnomaly-Data --report report.html
            """)

    @OptionGroup var source: SweepSource

    @Option(help: "The folder that keeps jobs, results and files.")
    var state = "medsweep-state"

    @OptionGroup var workers: LocalWorkerOptions

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
        let outcome = try await EmbeddedCoordinator.run(state: stateFolder) { address in
            try ServedAddress.write(address, to: stateFolder)
            defer { ServedAddress.remove(from: stateFolder) }
            let client = try ConnectionOptions.parse([]).client(address)
            return try await command.follow(request, client: client, address: address, fleet: fleet)
        }
        if let missing = outcome.missing(state: state) { throw Failure(.jobsFailed, missing) }
    }

    private var places: String {
        source.dataFolders.isEmpty ? "any data folder" : source.dataFolders.map { "'\($0.path)'" }.joined(separator: ", ")
    }

    /// Submits, runs workers until the sweep is finished, and reports how it ended.
    private func follow(
        _ request: SubmitRequest, client: CoordinatorClient, address: String, fleet arguments: [[String]]
    ) async throws -> RunOutcome {
        let submitted = try await client.submit(request)
        var status = try await client.sweep(submitted.sweep)
        if status.isFinished {
            Terminal.note("all \(submitted.total) jobs of '\(submitted.sweep)' were finished before; nothing is left to run")
        } else {
            Terminal.note(
                "sweep '\(submitted.sweep)': \(submitted.total) jobs, \(submitted.new) new, \(submitted.reused) finished before")
            let folder = LocalWeights(
                workers.compute.weights.map { URL(filePath: $0, directoryHint: .isDirectory) } ?? LocalWeights.defaultFolder)
            try requireWeights(status, in: folder)
            let fleet = try LocalWorkers(
                arguments, coordinator: address, dataFolders: source.dataFolders, weights: folder.folder, cache: workers.compute.cache,
                grace: workers.compute.grace, folder: URL(filePath: state).appending(path: "workers"))
            status = try await untilStopped {
                // However it ends: jobs are handed back while there is a coordinator to take them.
                let end: Result<SweepStatus, any Error>
                do { end = .success(try await watch(submitted, client: client, fleet: fleet)) } catch { end = .failure(error) }
                if !Task.isCancelled { fleet.leave() }
                await fleet.ended()
                return try end.get()
            } leaving: {
                fleet.leave()
                Terminal.note("stopping: running jobs write their checkpoints and are handed back; interrupt again to end at once")
                await fleet.ended()
            } atOnce: {
                fleet.kill()
            }
        }
        try await present(status, client: client)
        return RunOutcome(status: status, revision: submitted.revision)
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
    private func watch(_ submitted: SubmitResponse, client: CoordinatorClient, fleet: LocalWorkers) async throws -> SweepStatus {
        let sweep = submitted.sweep
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
            if status.isFinished || status.revision != submitted.revision {
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
