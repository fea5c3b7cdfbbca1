import Datasets
import DurableFiles
import Foundation
import Host

/// Worker processes of this machine that belong to a `medsweep run`. They end with this process whatever ends it, since their standard
/// input does.
final class LocalWorkers: Sendable {
    private struct Worker: Sendable {
        let process: SpawnedProcess
        let input: FileHandle
        let log: URL
    }

    /// What the workers are called.
    let names: [String]

    private let workers: [Worker]

    /// Starts a worker for each of some command lines; what they say goes to files in `folder`, where their results wait too.
    /// - Parameters:
    ///   - arguments: what each computes with.
    ///   - grace: seconds that jobs are given to write a checkpoint.
    /// - Throws: `FileError`, ``HostError``, ``Failure``.
    init(
        _ arguments: [[String]], coordinator: String, dataFolders: [URL], weights: URL, cache: String?, grace: Double, folder: URL
    ) throws {
        // A worker that is gone when it is told to leave is no matter.
        signal(SIGPIPE, SIG_IGN)
        try WritableFolder.make(folder)
        let executable = try LocalWorkers.executable()
        let own = "\(ProcessInfo.processInfo.hostName)-\(getpid())"
        let names = arguments.indices.map { "\(own)-\($0 + 1)" }
        self.names = names
        workers = try zip(names.indices, arguments).map { index, words in
            let log = folder.appending(path: "worker-\(index + 1).log")
            try DurableFile.write(Data(), to: log)
            guard let errors = FileHandle(forWritingAtPath: log.path) else { throw FileError("write", log.path) }
            let input = Pipe()
            let process = try SpawnedProcess(
                executable,
                ["--watch-input", "--coordinator", coordinator, "--name", names[index], "--grace", "\(grace)"] + words
                    + dataFolders.flatMap { ["--data", $0.path] }
                    + (FileManager.default.fileExists(atPath: weights.path) ? ["--weights", weights.path] : [])
                    + (cache.map { ["--cache", $0] } ?? []) + ["--spool", folder.appending(path: "spool").path],
                input: input, errors: errors)
            try? errors.close()
            return Worker(process: process, input: input.fileHandleForWriting, log: log)
        }
    }

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
        guard !workers.contains(where: { $0.process.end == nil }), let last = workers.last else { return nil }
        let said = (try? String(contentsOf: last.log, encoding: .utf8)) ?? ""
        let tail = said.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " | ")
        return "all workers have ended (see '\(last.log.path)'): \(tail)"
    }

    /// Asks the workers to checkpoint, hand back and leave. Does not wait.
    func leave() {
        for worker in workers { try? worker.input.write(contentsOf: Data("\(StopOrder.leaveLine)\n".utf8)) }
    }

    /// Waits until all have ended, or the task is cancelled.
    func ended() async {
        for worker in workers { _ = await worker.process.ended() }
    }

    /// Ends the workers at once, and with them what they train.
    func kill() {
        for worker in workers { worker.process.send(SIGKILL) }
    }
}
