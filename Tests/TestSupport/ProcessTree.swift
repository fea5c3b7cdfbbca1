import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Processes of this machine, as `/proc` tells of them.
public enum ProcessTree {
    /// The processes that `parent` started and that are still there.
    public static func children(of parent: Int32) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { field("PPid", of: $0) == "\(parent)" }.sorted()
    }

    /// The command line of a process; empty when it is gone.
    public static func arguments(of number: Int32) -> [String] {
        let bytes = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") ?? Data()
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a process runs or could run on. A dead one that nobody has waited for yet is gone.
    public static func isAlive(_ number: Int32) -> Bool {
        guard let state = field("State", of: number) else { return false }
        return !state.hasPrefix("Z") && !state.hasPrefix("X")
    }

    /// SIGKILL to a process, to what it started, and to all their groups, in one go.
    public static func kill(_ number: Int32) {
        let all = [number] + descendants(of: number)
        // The processes first: one that leads no group of its own must not live on.
        for process in all { Glibc.kill(process, SIGKILL) }
        for process in all { Glibc.kill(-process, SIGKILL) }
    }

    /// Sends a signal to a process and to all that it started.
    public static func signal(_ signal: Int32, _ number: Int32) {
        for process in [number] + descendants(of: number) { Glibc.kill(process, signal) }
    }

    private static func descendants(of number: Int32) -> [Int32] {
        children(of: number).flatMap { [$0] + descendants(of: $0) }
    }

    /// A line of a process's `status` file.
    private static func field(_ name: String, of number: Int32) -> String? {
        guard let status = try? String(contentsOfFile: "/proc/\(number)/status", encoding: .utf8) else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return line.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }
}
