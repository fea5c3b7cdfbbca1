import ArgumentParser
import Client
import Datasets
import DurableFiles
import Foundation
import Host
import Logging
import Sweep
import Worker

/// The `medsweep-worker` command.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medsweep-worker",
        abstract: "Trains jobs that a coordinator hands out and posts the results back.",
        discussion: """
            Keeps nothing that matters: stop it, kill it or start more of it at any time. SIGTERM: write checkpoints, \
            hand jobs back, leave; a second SIGTERM leaves at once.

            Runs as many jobs at once as its threads and memory hold; what a job takes of them, its method and the sweep's \
            `requires` say. Limits of affinity, control groups and Slurm are heeded. Exit code 69: a device or its kernels \
            are not there.

            Example: medsweep-worker --coordinator http://host:7733 --data ~/MedIAnomaly-Data
            Example: medsweep-worker --coordinator http://host:7733 --data ~/MedIAnomaly-Data --device cuda:0 --device cuda:1
            """)

    @Option(help: "The coordinator's address, e.g. http://host:7733 (default: $MEDSWEEP_COORDINATOR).")
    var coordinator: String?

    @Option(help: "A folder of data-set folders; may be given several times (default: $MEDSWEEP_DATA).")
    var data: [String] = []

    @Option(
        name: .customLong("device"),
        help: "Where to train: auto (every GPU there is, else the processor), cpu, or cuda:N, which may be given several times (default: auto).",
        transform: device)
    var devices: [ComputeDevice] = []

    @Option(help: "The processor's kernels: avx2 or avx512 for the same last digits on different processors, or default.")
    var kernels = ProcessorKernels.default

    @Option(help: "Compute threads to fill with jobs (default: the processors that this process may use).")
    var threads: Int?

    @Option(help: "Memory to fill with jobs, e.g. 16GiB (default: nine tenths of what this process may use).", transform: size)
    var memory: Int64?

    @Option(help: "Memory of each GPU to fill with jobs (default: 95 % of what is free).", transform: size)
    var gpuMemory: Int64?

    @Option(help: "The most jobs at once (default: as many as fit).")
    var jobs: Int?

    @Option(help: "Where decoded images are kept (default: ~/.cache/medsweep).")
    var cache: String?

    @Option(help: "Where results wait while the coordinator is away (default: `spool` in the cache).")
    var spool: String?

    @Option(help: "A file with the bearer token: alone on its first line, or as `worker TOKEN`.")
    var tokenFile: String?

    @Option(help: "A file of certificates (PEM) to trust for https.")
    var caFile: String?

    @Option(help: "The worker's name (default: host and process number).")
    var name: String?

    @Option(help: "Seconds that jobs are given to write a checkpoint on SIGTERM.")
    var grace = 60.0

    @Option(help: "A word that sweeps can ask for under `requires: {tags: …}`; may be given several times.")
    var tag: [String] = []

    @Option(help: "A folder of pretrained weights, filled by `medsweep weights add` (default: $MEDSWEEP_WEIGHTS or ~/.medsweep/weights). Sweeps ask for its files by their names without extension.")
    var weights: String?

    @Option(help: "Leave after this many seconds without work.")
    var exitWhenIdle: Double?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    @Flag(help: "Answer each job at once without training: for measuring a coordinator, never for results.")
    var noOp = false

    func validate() throws {
        for (name, value) in [("--threads", threads), ("--jobs", jobs)] {
            if let value, !(1...4096).contains(value) { throw ValidationError("\(name) takes a number from 1 to 4096") }
        }
        if let problem = ComputeDevice.problem(with: devices) { throw ValidationError(problem) }
        for word in tag where word.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,99}/) == nil {
            throw ValidationError("--tag takes a word of letters, digits, '.', '_' and '-', not '\(word)'")
        }
        guard Logger.Level(rawValue: logLevel) != nil else { throw ValidationError("there is no log level '\(logLevel)'") }
    }

    private static func device(_ text: String) throws -> ComputeDevice {
        guard let device = ComputeDevice(text) else { throw ValidationError("'\(text)' is no device; write auto, cpu or cuda:N") }
        return device
    }

    private static func size(_ text: String) throws -> Int64 {
        guard let size = ByteSize.bytes(text), size > 0 else { throw ValidationError("'\(text)' is no size; write it like 512MiB or 16GiB") }
        return size
    }

    func run() async throws {
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
                devices: devices.isEmpty ? [.automatic] : devices, kernels: kernels, threads: threads, memory: memory,
                gpuMemory: gpuMemory, jobs: jobs, cacheDirectory: cache.map { URL(filePath: $0) } ?? LocalDatasets.defaultCacheDirectory,
                spoolDirectory: spool.map { URL(filePath: $0) }, token: try tokenFile.map { try BearerToken.read(from: $0) },
                certificates: try caFile.map { try CertificateFile.check($0) }, name: name, grace: grace, exitWhenIdle: exitWhenIdle,
                tags: tag, weightsFolder: weights.map { URL(filePath: $0, directoryHint: .isDirectory) }, isNoOp: noOp),
            logger: logger)
        let first = Once()
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // The second signal ends the process, and with it the training processes, which watch it.
                if !first.claim() { _exit(128 + number) }
                daemon.leave()
            }
            source.resume()
            return source
        }
        try await daemon.run()
        withExtendedLifetime(sources) {}
    }
}

extension ProcessorKernels: ExpressibleByArgument {}

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
