import Foundation

/// A program that the bench runs, with its standard output and error in files, and what it used when it ends.
final class ChildProcess {
    let name: String
    let identifier: pid_t
    private let output: URL
    private var isRunning = true

    /// - Parameters:
    ///   - arguments: after the program's name.
    ///   - output: the file for what it writes; a second one with `.error` added takes its standard error.
    ///   - environment: added to ours.
    init(
        _ executable: URL, _ arguments: [String], output: URL, environment: [String: String] = [:]
    ) throws {
        name = executable.lastPathComponent
        self.output = output
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output.path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, output.path + ".error", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        var words: [UnsafeMutablePointer<CChar>?] = ([executable.path] + arguments).map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for word in words + settings { free(word) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, executable.path, &actions, nil, &words, &settings)
        guard status == 0 else {
            throw BenchError("cannot run '\(executable.path)': \(String(cString: strerror(status)))")
        }
        identifier = child
    }

    deinit { if isRunning { terminate() } }

    /// What it has written to standard output.
    var written: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

    /// What it wrote to standard error, in one line: its error if it names one, else the last line.
    var lastWords: String {
        let text = (try? String(contentsOfFile: output.path + ".error", encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n")
        return (lines.first { $0.hasPrefix("Error: ") } ?? lines.last).map(String.init) ?? "it said nothing"
    }

    /// Whether it has not ended by itself.
    var isAlive: Bool { isRunning && (try? ProcessStatus(identifier)) != nil }

    /// Waits for its end.
    /// - Parameter watchingMemory: whether to look, every five milliseconds, at the most memory that it has had.
    /// - Throws: ``BenchError`` when it failed.
    @discardableResult
    func wait(watchingMemory: Bool = false) throws -> ProcessUsage {
        let (status, usage) = reap(watchingMemory: watchingMemory)
        guard status == 0 else {
            let how = status & 0x7f == 0 ? "with status \(status >> 8 & 0xff)" : "of signal \(status & 0x7f)"
            throw BenchError("\(name) ended \(how): \(lastWords)")
        }
        return usage
    }

    /// Asks it to end and waits until it has.
    func terminate(_ signal: Int32 = SIGTERM) {
        guard isRunning else { return }
        kill(identifier, signal)
        reap()
    }

    @discardableResult
    private func reap(watchingMemory: Bool = false) -> (status: Int32, usage: ProcessUsage) {
        var status: Int32 = 0
        var usage = rusage()
        var peak = 0
        while true {
            let ended = wait4(identifier, &status, watchingMemory ? WNOHANG : 0, &usage)
            if ended == identifier || ended < 0 && errno != EINTR { break }
            guard watchingMemory else { continue }
            peak = max(peak, (try? ProcessStatus(identifier).peakMemory) ?? 0)
            usleep(5000)
        }
        isRunning = false
        return (status, ProcessUsage(usage, peakMemory: peak))
    }
}
