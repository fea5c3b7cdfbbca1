import ArgumentParser
import Client
import Datasets
import DurableFiles
import Foundation
import Host
import Logging
import SharedOptions
import Synchronization
import Worker

/// The `medsweep-worker` command.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medsweep-worker",
        abstract: "Trains jobs that a coordinator hands out and posts the results back.",
        discussion: """
            Keeps nothing that matters: stop it, kill it or start more of it at any time. SIGTERM, SIGINT, SIGHUP (unless started by \
            nohup), SIGUSR1 and SIGUSR2: write checkpoints for at most --grace seconds, hand jobs back, leave. A second SIGTERM, three \
            seconds later, or a second SIGINT leaves at once.

            Runs as many jobs at once as its threads and memory hold; what a job takes of them, its method and the sweep's \
            `requires` say. Limits of affinity, control groups and Slurm are heeded.

            Exit code 0: nothing was left to do (--exit-when-idle); 69: a device or its kernels are not there, or the coordinator was \
            away for so long; 73: there is no folder to write to; 75: told to leave; 77: the coordinator does not take the token.

            Example: medsweep-worker --coordinator http://host:7733 --data ~/MedIAnomaly-Data
            Example: medsweep-worker --coordinator http://host:7733 --data ~/MedIAnomaly-Data --device cuda:0 --device cuda:1
            """)

    @Option(help: "The coordinator's address, e.g. http://host:7733 (default: $MEDSWEEP_COORDINATOR).")
    var coordinator: String?

    @Option(help: "A folder of data-set folders; may be given several times (default: $MEDSWEEP_DATA).")
    var data: [String] = []

    @OptionGroup var compute: ComputeOptions

    @Option(help: "The most jobs at once (default: as many as fit).")
    var jobs: Int?

    @Option(help: "Where results wait while the coordinator is away (default: `spool` in the cache). Workers may share one; what a dead one has left there, the next delivers.")
    var spool: String?

    @Option(help: "A file with the bearer token: alone on its first line, or as `worker TOKEN`.")
    var tokenFile: String?

    @Option(help: "A file of certificates (PEM) to trust for https.")
    var caFile: String?

    @Option(help: "The worker's name (default: host and process number).")
    var name: String?

    @Option(help: "A word that sweeps can ask for under `requires: {tags: …}`; may be given several times.")
    var tag: [String] = []

    @Option(help: "Leave after this many seconds without work, be there none or no coordinator to ask.")
    var exitWhenIdle: Double?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    @Flag(help: "Leave at once when standard input ends, and in order upon a line `leave`; so `medsweep run` starts its workers.")
    var watchInput = false

    @Flag(help: "Answer each job at once without training: for measuring a coordinator, never for results.")
    var noOp = false

    func validate() throws {
        if let jobs, !(1...4096).contains(jobs) { throw ValidationError("--jobs takes a number from 1 to 4096") }
        for word in tag where word.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,99}/) == nil {
            throw ValidationError("--tag takes a word of letters, digits, '.', '_' and '-', not '\(word)'")
        }
        guard Logger.Level(rawValue: logLevel) != nil else { throw ValidationError("there is no log level '\(logLevel)'") }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let orders = Orders()
        let signals = StopSignals { orders.heed($0) }
        defer { withExtendedLifetime(signals) {} }
        if watchInput { orders.watchInput() }
        let environment = ProcessInfo.processInfo.environment
        guard let address = coordinator ?? environment["MEDSWEEP_COORDINATOR"] else {
            throw ValidationError("name the coordinator with --coordinator http://host:port")
        }
        guard let url = URL(string: address), url.scheme == "http" || url.scheme == "https", url.host != nil else {
            throw ValidationError("'\(address)' is not an address; write http://host:port")
        }
        var logger = Logger(label: "medsweep-worker") { _ in LineLogHandler() }
        logger.logLevel = Logger.Level(rawValue: logLevel)!
        let folders = data.isEmpty ? environment["MEDSWEEP_DATA"].map { [$0] } ?? [] : data
        let daemon = try WorkerDaemon(
            WorkerConfiguration(
                coordinator: url, dataFolders: folders.map { URL(filePath: $0, directoryHint: .isDirectory) },
                devices: compute.chosenDevices, kernels: compute.kernels, threads: compute.threads, memory: compute.memory,
                gpuMemory: compute.gpuMemory, jobs: jobs,
                cacheDirectory: compute.cache.map { URL(filePath: $0, directoryHint: .isDirectory) } ?? LocalDatasets.defaultCacheDirectory,
                spoolDirectory: spool.map { URL(filePath: $0, directoryHint: .isDirectory) },
                token: try tokenFile.map { try BearerToken.read(from: $0) }, certificates: try caFile.map { try CertificateFile.check($0) },
                name: name, grace: compute.grace, exitWhenIdle: exitWhenIdle, tags: tag,
                weightsFolder: compute.weights.map { URL(filePath: $0, directoryHint: .isDirectory) }, isNoOp: noOp),
            logger: logger)
        orders.begin(daemon)
        switch try await daemon.run() {
        case .idle: break
        case .told: throw ExitCode(75)
        case .hindered: throw ExitCode(69)
        }
    }
}

/// What tells the worker to end: signals, and the program that started it. It may come before there is a worker.
final class Orders: Sendable {
    private let daemon = Mutex<WorkerDaemon?>(nil)

    func begin(_ daemon: WorkerDaemon) { self.daemon.withLock { $0 = daemon } }

    /// Follows a signal.
    func heed(_ order: StopOrder) {
        switch order {
        // The training processes watch this one, and end with it.
        case .atOnce(let exitCode): _exit(exitCode)
        case .leave:
            guard let daemon = self.daemon.withLock({ $0 }) else { _exit(75) }
            daemon.leave()
        }
    }

    /// Follows the lines on standard input, and its end.
    func watchInput() {
        Thread.detachNewThread {
            while let line = readLine() {
                if line == StopOrder.leaveLine { self.heed(.leave) }
            }
            self.daemon.withLock { $0 }?.desert()
            // Nobody is there to mind what does not end by itself.
            Thread.sleep(forTimeInterval: 2)
            _exit(75)
        }
    }
}

/// One line a message on standard error: time, level, text.
struct LineLogHandler: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let time = Date().formatted(.iso8601)
        // A log on a full disk must not end the worker.
        try? StandardStream.error.write("\(time) \(event.level): \(event.message)\n")
    }
}

/// Exit codes of `sysexits.h`.
func exitCode(_ error: any Error) -> Int32? {
    switch error {
    case let error as WorkerError:
        switch error.kind {
        case .noData: 66
        case .noEngine: 69
        case .noWeights, .cannotStart: 71
        case .noPlace: 73
        case .refused: 77
        }
    case is DatasetError, is ClientError: 66
    default: nil
    }
}

StandardStream.fillClosed()
// The training process, and the one that looks at the engine, are this program too; they have their own way of talking and no options.
switch CommandLine.arguments.dropFirst().first {
// Nothing is left to do at its end: libtorch's own tidying up takes a tenth of a second.
case "run-job": _exit(ChildMain.run())
case EngineReport.command: _exit(DescribeEngineMain.run(Array(CommandLine.arguments.dropFirst(2))))
default: break
}
do {
    let command = try WorkerCommand.parse()
    try await command.run()
} catch {
    guard let code = exitCode(error) else { WorkerCommand.exit(withError: error) }
    try? StandardStream.error.write("medsweep-worker: \(error)\n")
    exit(code)
}
