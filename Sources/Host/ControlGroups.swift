import Foundation

/// The limits of the control groups that this process is in, whichever version of them the system has. A group's limit binds those
/// below it, so that the lowest on the way to the top counts.
struct ControlGroups: Sendable {
    /// The folders of this process's group and of those above it, innermost first.
    private let unified: [URL]
    /// The same by controller, of version 1.
    private let byController: [String: [URL]]
    private let root: URL

    init(root: URL) {
        self.root = root
        let mount = root.appending(path: "sys/fs/cgroup", directoryHint: .isDirectory)
        var unified: [URL] = []
        var byController: [String: [URL]] = [:]
        for line in Self.text(root.appending(path: "proc/self/cgroup")).split(separator: "\n") {
            // `4:memory:/user/job` of version 1, `0::/user/job` of version 2.
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[1].isEmpty {
                unified = Self.chain(mount, String(parts[2]))
            } else {
                for controller in parts[1].split(separator: ",") {
                    byController[String(controller)] = Self.chain(mount.appending(path: String(controller)), String(parts[2]))
                }
            }
        }
        self.unified = unified
        self.byController = byController
    }

    /// A container may see the path that its group has outside, and no such folder: its own group is at the mount then, which ends
    /// every chain.
    private static func chain(_ mount: URL, _ path: String) -> [URL] {
        var parts = path.split(separator: "/").filter { $0 != ".." }
        var folders: [URL] = []
        while !parts.isEmpty {
            folders.append(mount.appending(path: parts.joined(separator: "/")))
            parts.removeLast()
        }
        return folders + [mount]
    }

    private static func text(_ file: URL) -> String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

    private func words(_ name: String, in folders: [URL]) -> [[Substring]] {
        folders.map { Self.text($0.appending(path: name)).split(whereSeparator: \.isWhitespace) }
    }

    /// Processors' worth of time; `nil`: no limit.
    var processorQuota: Double? {
        // `50000 100000`: microseconds of every so many; `max`: no limit.
        let second = words("cpu.max", in: unified).compactMap { words -> Double? in
            guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 else { return nil }
            return quota / period
        }
        let folders = byController["cpu", default: []]
        let first = zip(words("cpu.cfs_quota_us", in: folders), words("cpu.cfs_period_us", in: folders)).compactMap { pair -> Double? in
            guard let quota = pair.0.first.flatMap({ Double($0) }), let period = pair.1.first.flatMap({ Double($0) }), quota > 0, period > 0
            else { return nil }
            return quota / period
        }
        return (first + second).min()
    }

    /// Bytes; `nil`: no limit.
    var memoryLimit: Int64? {
        let limits = words("memory.max", in: unified) + words("memory.limit_in_bytes", in: byController["memory", default: []])
        // Version 1 writes a number near the largest for none.
        return limits.compactMap { $0.first.flatMap { Int64($0) } }.filter { $0 > 0 && $0 < 1 << 60 }.min()
    }

    /// Processes of the group that the kernel has ended for lack of memory; of the whole machine where the group does not count them.
    var memoryKills: Int {
        let counters = [
            unified.first.map { $0.appending(path: "memory.events") },
            byController["memory"]?.first.map { $0.appending(path: "memory.oom_control") },
            root.appending(path: "proc/vmstat"),
        ]
        for case let file? in counters {
            for line in Self.text(file).split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 2, words[0] == "oom_kill", let count = Int(words[1]) { return count }
            }
        }
        return 0
    }
}
