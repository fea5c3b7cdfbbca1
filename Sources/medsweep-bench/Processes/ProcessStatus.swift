import Foundation

/// What a running process uses, from `/proc`.
struct ProcessStatus {
    /// Bytes resident now, and the most there have been.
    let memory: Int
    let peakMemory: Int
    /// Seconds of user and system time, in the kernel's ticks.
    let processorSeconds: Double

    /// - Throws: ``BenchError`` when there is no such process any more.
    init(_ identifier: pid_t) throws {
        guard let status = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8),
            let times = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)
        else { throw BenchError("process \(identifier) is gone") }
        func bytes(_ key: String) -> Int? {
            status.split(separator: "\n").first { $0.hasPrefix(key + ":") }
                .flatMap { line in line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } }
                .map { $0 << 10 }
        }
        // A process that has ended and is not waited for yet has no memory.
        guard let memory = bytes("VmRSS"), let peak = bytes("VmHWM") else {
            throw BenchError("process \(identifier) has ended")
        }
        self.memory = memory
        peakMemory = peak
        // The name, in parentheses, may hold anything; the fields after it are numbers. User time is the 14th of all.
        let fields = times[(times.lastIndex(of: ")") ?? times.startIndex)...].split(separator: " ")
        let ticks = (Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0)
        processorSeconds = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
