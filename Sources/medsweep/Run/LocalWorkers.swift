import Foundation
import Synchronization

/// Worker processes of this machine that belong to a `medsweep run`.
final class LocalWorkers: Sendable {
    private struct Worker {
        let process: Process
        let log: URL
    }

    /// What the workers are called.
    let names: [String]

    private let workers: Mutex<[Worker]>
    private let isStopping = Mutex(false)

    /// Starts a worker for each of some command lines; what they say goes to files in `logFolder`.
    /// - Parameter arguments: what each computes with.
    init(_ arguments: [[String]], coordinator: String, dataFolders: [URL], weights: URL, logFolder: URL) throws {
        try FileManager.default.createDirectory(at: logFolder, withIntermediateDirectories: true)
        let executable = try LocalWorkers.executable()
        let own = "\(ProcessInfo.processInfo.hostName)-\(getpid())"
        names = arguments.indices.map { "\(own)-\($0 + 1)" }
        var started: [Worker] = []
        for (number, words) in zip(1..., arguments) {
            let log = logFolder.appending(path: "worker-\(number).log")
            try Data().write(to: log)
            let process = Process()
            process.executableURL = executable
            process.arguments = ["--coordinator", coordinator, "--name", names[number - 1]] + words
                + dataFolders.flatMap { ["--data", $0.path] }
                + (FileManager.default.fileExists(atPath: weights.path) ? ["--weights", weights.path] : [])
                + ["--spool", logFolder.appending(path: "spool-\(number)").path]
            process.standardError = try FileHandle(forWritingTo: log)
            process.standardInput = FileHandle.nullDevice
            try process.run()
            started.append(Worker(process: process, log: log))
        }
        workers = Mutex(started)
    }

    deinit { stop() }

    /// `medsweep-worker` beside this program.
    static func executable() throws -> URL {
        let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = own.deletingLastPathComponent().appending(path: "medsweep-worker")
        guard FileManager.default.isExecutableFile(atPath: beside.path) else {
            throw Failure(.unavailable, "there is no medsweep-worker beside '\(own.path)'; build or install it there")
        }
        return beside
    }

    /// One sentence when no worker is left, with what the last of them said.
    func problem() -> String? {
        workers.withLock { workers in
            guard !workers.contains(where: { $0.process.isRunning }), let last = workers.last else { return nil }
            let said = (try? String(contentsOf: last.log, encoding: .utf8)) ?? ""
            let tail = said.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " | ")
            return "all workers have ended (see '\(last.log.path)'): \(tail)"
        }
    }

    /// Asks the workers to checkpoint and leave, and waits until they have.
    func stop() {
        let isFirst = isStopping.withLock { stopping in
            defer { stopping = true }
            return !stopping
        }
        guard isFirst else { return }
        workers.withLock { workers in
            for worker in workers where worker.process.isRunning { worker.process.terminate() }
            for worker in workers { worker.process.waitUntilExit() }
        }
    }
}
