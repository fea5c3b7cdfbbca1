import AnomalyDetection
import Foundation
import Host
import Sweep
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// How a training process ended.
enum TrainingEnd: Sendable {
    case finished(TrainingResult, peakMemory: Int64)
    /// It was asked to stop and wrote a checkpoint.
    case stopped
    /// `signal`: the one that ended the process, if one did.
    case failed(error: String, kind: FailureKind, logTail: String, signal: Int32?)
}

/// A child process that trains one job, so that a crash of the training code costs one attempt and not the worker.
final class TrainingProcess: Sendable {
    private let process: SpawnedProcess
    private let input: FileHandle
    /// What it tells, in order; ends with the process's output.
    let messages: AsyncStream<ChildMessage>
    private let log: JobLog
    private let reader: LogReader
    /// How many processes the kernel has ended for lack of memory.
    private let memoryKills: @Sendable () -> Int
    private let memoryKillsBefore: Int

    /// Starts `executable arguments` on a request.
    /// - Parameters:
    ///   - log: takes what the process writes to standard error.
    ///   - memoryKills: how many processes the kernel has ended for lack of memory so far.
    /// - Throws: ``WorkerError`` when it cannot be started.
    init(
        executable: URL, arguments: [String], request: TrainingRequest, environment: TrainingEnvironment = TrainingEnvironment(),
        log: JobLog = JobLog(), memoryKills: @escaping @Sendable () -> Int = { HostLimits().memoryKills }
    ) throws {
        self.memoryKills = memoryKills
        memoryKillsBefore = memoryKills()
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        self.log = log
        do {
            process = try SpawnedProcess(
                executable, arguments, environment: environment.variables(threads: request.threads), blocking: StopSignals.numbers,
                input: input, output: output, errors: errors.fileHandleForWriting)
        } catch {
            throw WorkerError(.cannotStart, error.description)
        }
        try? errors.fileHandleForWriting.close()
        reader = LogReader(errors.fileHandleForReading, into: log)
        messages = TrainingProcess.messages(from: output.fileHandleForReading)
        self.input = input.fileHandleForWriting
        // A child that dies at once must not take the worker with it.
        signal(SIGPIPE, SIG_IGN)
        try? self.input.write(contentsOf: JSONEncoder().encode(request) + Data("\n".utf8))
    }

    /// Lines that are no message are passed over: the end of the process tells what became of it.
    private static func messages(from handle: FileHandle) -> AsyncStream<ChildMessage> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                var rest = Data()
                while let piece = handle.nextPiece() {
                    rest.append(piece)
                    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                        if let message = try? JSONDecoder().decode(ChildMessage.self, from: rest[rest.startIndex..<end]) {
                            continuation.yield(message)
                        }
                        rest = Data(rest[rest.index(after: end)...])
                    }
                    // No message is this long.
                    if rest.count > 64 << 20 { rest = Data() }
                }
                continuation.finish()
            }
        }
    }

    /// Asks the process to write a checkpoint and end.
    func stop() {
        if process.end == nil { try? input.write(contentsOf: Data("\(StopOrder.leaveLine)\n".utf8)) }
    }

    /// Ends the process at once.
    func kill() { process.send(SIGKILL) }

    /// Waits for the end and says what it was.
    /// - Parameter last: the last outcome or error among the messages.
    func end(last: ChildMessage?) async -> TrainingEnd {
        // A cancelled task does not wait.
        guard let end = await process.ended() else {
            return .failed(error: "the training process does not end", kind: .error, logTail: log.tail, signal: nil)
        }
        try? input.close()
        await reader.end()
        let tail = log.tail
        let status: Int32
        switch end {
        case .exit(let code): status = code
        case .signal(let signal):
            if signal == SIGKILL, memoryKills() > memoryKillsBefore {
                return .failed(
                    error: "the kernel ended the training process for lack of memory; give the job more with requires: {memory: …}",
                    kind: .outOfMemory, logTail: tail, signal: signal)
            }
            let name = String(cString: strsignal(signal))
            return .failed(
                error: "the training process was ended by signal \(signal) (\(name))", kind: .crash, logTail: tail, signal: signal)
        }
        switch last {
        case .outcome(.finished(let result), let peakMemory) where status == 0:
            return .finished(result, peakMemory: peakMemory)
        case .outcome(.stopped, _) where status == 0: return .stopped
        case .error(let error, let kind): return .failed(error: error, kind: kind, logTail: tail, signal: nil)
        default:
            return .failed(
                error: "the training process ended with status \(status) without a result", kind: .error, logTail: tail,
                signal: nil)
        }
    }
}

/// Puts what arrives in a stream into a log.
private final class LogReader: Sendable {
    private let isOver: AsyncStream<Void>

    init(_ handle: FileHandle, into log: JobLog) {
        let (isOver, over) = AsyncStream.makeStream(of: Void.self)
        self.isOver = isOver
        Thread.detachNewThread {
            while let piece = handle.nextPiece() { log.append(piece) }
            log.finish()
            over.finish()
        }
    }

    /// Waits for the last of it: no longer than a second, since a process's own child may keep the stream open.
    func end() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [isOver] in for await _ in isOver {} }
            group.addTask { try? await Task.sleep(for: .seconds(1)) }
            await group.next()
            group.cancelAll()
        }
    }
}

extension FileHandle {
    /// What has arrived, as soon as anything has; `nil` at the end. `read(upToCount:)` would wait for the full count.
    fileprivate func nextPiece() -> Data? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(fileDescriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Data(buffer[..<count]) : nil
        }
    }
}
