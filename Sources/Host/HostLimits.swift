import Foundation

/// How much of this machine a process may use: what there is, less what affinity, control groups and a batch system keep from it.
public struct HostLimits: Sendable {
    private let groups: ControlGroups
    private let environment: [String: String]
    private let processors: Int
    private let physicalMemory: Int64

    /// - Parameters:
    ///   - root: what holds `proc` and `sys`.
    ///   - processors: those of the machine, where its affinity mask is not told.
    ///   - physicalMemory: bytes.
    public init(
        root: URL = URL(filePath: "/", directoryHint: .isDirectory),
        environment: [String: String] = ProcessInfo.processInfo.environment,
        processors: Int = ProcessInfo.processInfo.activeProcessorCount, physicalMemory: Int64 = Int64(ProcessInfo.processInfo.physicalMemory)
    ) {
        groups = ControlGroups(root: root)
        self.environment = environment
        // Foundation counts the machine's processors, whichever of them this process is bound to.
        self.processors = Self.allowedProcessors(root) ?? processors
        self.physicalMemory = physicalMemory
    }

    /// Compute threads that find a processor, at least one.
    public var threads: Int {
        var limits = [processors]
        // Rounded down: threads that wait for each other at every operator lose more to a throttled one than it gains them.
        if let quota = groups.processorQuota { limits.append(Int(min(quota, 1e6))) }
        if let tasks = environment["SLURM_CPUS_PER_TASK"].flatMap({ Int($0) }), tasks > 0 { limits.append(tasks) }
        return max(1, limits.min() ?? 1)
    }

    /// Bytes of memory that this process and its children may have together.
    public var memory: Int64 { min(physicalMemory, groups.memoryLimit ?? .max) }

    /// How many processes the kernel has ended for lack of memory so far, as far as it tells us.
    public var memoryKills: Int { groups.memoryKills }

    /// Processors in the process's affinity mask, from `Cpus_allowed: ff,ffffffff`; `nil`: the system does not tell.
    private static func allowedProcessors(_ root: URL) -> Int? {
        let status = (try? String(contentsOf: root.appending(path: "proc/self/status"), encoding: .utf8)) ?? ""
        guard let mask = status.firstMatch(of: /(?m)^Cpus_allowed:\s*([0-9a-f,]+)$/)?.1 else { return nil }
        return mask.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
    }
}
