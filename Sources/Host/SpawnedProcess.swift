import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A process that this one started, in a process group of its own. Unlike Foundation's `Process` it can begin with signals blocked: one that
/// is sent to all processes at once must not end it before it has come to listen to this one. And nothing here waits on a run loop.
public final class SpawnedProcess: Sendable {
    public enum End: Hashable, Sendable {
        case exit(status: Int32)
        case signal(Int32)
    }

    public let number: pid_t
    private let ending: Ending

    /// How it ended, once it has. A number may be another process's as soon as it has been waited for, which is done under the lock.
    private final class Ending: Sendable {
        struct State {
            var end: End?
            var waiting: [AsyncStream<Never>.Continuation] = []
        }

        let state = Mutex(State())
    }

    /// Starts a program. The ends of the pipes that belong to it are closed here.
    /// - Parameters:
    ///   - blocking: signals that it begins with blocked.
    ///   - input: its standard input; `nil`: empty.
    ///   - output: its standard output; `nil`: goes nowhere.
    /// - Throws: ``HostError`` that names the program.
    public init(
        _ executable: URL, _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment,
        blocking: [Int32] = [], input: Pipe? = nil, output: Pipe? = nil, errors: FileHandle
    ) throws(HostError) {
        let (reading, writing) = (input?.fileHandleForReading, output?.fileHandleForWriting)
        defer { for handle in [reading, writing] { try? handle?.close() } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (handle, target, mode) in [(reading, STDIN_FILENO, O_RDONLY), (writing, STDOUT_FILENO, O_WRONLY)] {
            if let handle {
                posix_spawn_file_actions_adddup2(&actions, handle.fileDescriptor, target)
            } else {
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", mode, 0)
            }
        }
        posix_spawn_file_actions_adddup2(&actions, errors.fileDescriptor, STDERR_FILENO)
        Self.keepToOneself()

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in blocking { sigaddset(&mask, signal) }
        posix_spawnattr_setsigmask(&attributes, &mask)
        // What this program ignores is its own matter.
        var defaults = sigset_t()
        sigfillset(&defaults)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        var words: [UnsafeMutablePointer<CChar>?] = ([executable.path] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var number = pid_t()
        let code = posix_spawn(&number, executable.path, &actions, &attributes, &words, &variables)
        guard code == 0 else { throw HostError("cannot start '\(executable.path)': \(String(cString: strerror(code)))") }
        self.number = number
        let ending = Ending()
        self.ending = ending
        Thread.detachNewThread { [number] in Self.wait(for: number, ending) }
    }

    /// Marks everything that is open here to be closed in other programs: an end of another process's pipe that were open in this one too
    /// would keep that one from seeing its end.
    private static func keepToOneself() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > STDERR_FILENO { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    private static func wait(for number: pid_t, _ ending: Ending) {
        var news = siginfo_t()
        // Looked at first and let go under the lock: until then nobody else can get the number.
        while waitid(P_PID, id_t(number), &news, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let waiting = ending.state.withLock { state in
            var status: Int32 = 0
            while waitpid(number, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7F
            state.end = signal == 0 ? .exit(status: status >> 8 & 0xFF) : .signal(signal)
            return state.waiting
        }
        for continuation in waiting { continuation.finish() }
    }

    /// How it ended; `nil`: it runs.
    public var end: End? { ending.state.withLock { $0.end } }

    /// Sends a signal, unless it has ended.
    public func send(_ signal: Int32) {
        ending.state.withLock { state in
            if state.end == nil { _ = kill(number, signal) }
        }
    }

    /// Waits for the end.
    /// - Returns: `nil` when the waiting task was cancelled before.
    public func ended() async -> End? {
        // One for each that waits: whoever is cancelled ends its own only.
        let (isOver, continuation) = AsyncStream.makeStream(of: Never.self)
        ending.state.withLock { state in
            if state.end == nil { state.waiting.append(continuation) } else { continuation.finish() }
        }
        for await _ in isOver {}
        return end
    }
}
