import Foundation
import Testing

@testable import Host

/// What a process may use, read from made-up `proc` and `sys`.
@Suite struct HostLimitsTests {
    private let root = URL.temporaryDirectory.appending(path: "medsweep-host-\(UUID().uuidString)", directoryHint: .isDirectory)

    private func limits(_ files: [String: String], environment: [String: String] = [:], processors: Int = 16) throws -> HostLimits {
        for (path, text) in files {
            let file = root.appending(path: path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return HostLimits(root: root, environment: environment, processors: processors, physicalMemory: 64 << 30)
    }

    private func end() { try? FileManager.default.removeItem(at: root) }

    @Test func withoutLimitsThereIsTheMachine() throws {
        defer { end() }
        let limits = try limits(["proc/self/cgroup": "0::/user\n", "sys/fs/cgroup/user/memory.max": "max\n", "sys/fs/cgroup/user/cpu.max": "max 100000\n"])
        #expect(limits.threads == 16 && limits.memory == 64 << 30 && limits.memoryKills == 0)
        #expect(HostLimits(root: root.appending(path: "absent"), environment: [:], processors: 3, physicalMemory: 5).threads == 3)
    }

    /// The lowest limit on the way to the top binds, whichever group it is of.
    @Test func secondVersion() throws {
        defer { end() }
        let limits = try limits([
            "proc/self/cgroup": "0::/job/step\n",
            "sys/fs/cgroup/job/step/cpu.max": "800000 100000\n", "sys/fs/cgroup/job/cpu.max": "450000 100000\n",
            "sys/fs/cgroup/job/step/memory.max": "1073741824\n", "sys/fs/cgroup/job/memory.max": "max\n",
            "sys/fs/cgroup/job/step/memory.events": "low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\noom_group_kill 0\n",
        ])
        #expect(limits.threads == 4 && limits.memory == 1 << 30 && limits.memoryKills == 2)
    }

    /// Half a processor is one thread. A container that sees its outer path has its limits at the mount.
    @Test func containersHaveTheirLimitsAtTheMount() throws {
        defer { end() }
        let limits = try limits([
            "proc/self/cgroup": "0::/docker/1f0c\n", "sys/fs/cgroup/cpu.max": "50000 100000\n", "sys/fs/cgroup/memory.max": "1073741824\n",
        ])
        #expect(limits.threads == 1 && limits.memory == 1 << 30)
    }

    @Test func firstVersion() throws {
        defer { end() }
        let limits = try limits([
            "proc/self/cgroup": "5:memory:/slurm/job\n3:cpu,cpuacct:/slurm/job\n0::/\n",
            "sys/fs/cgroup/cpu/slurm/job/cpu.cfs_quota_us": "250000\n", "sys/fs/cgroup/cpu/slurm/job/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/slurm/job/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/slurm/memory.limit_in_bytes": "2147483648\n",
            "sys/fs/cgroup/memory/slurm/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
            "proc/vmstat": "nr_free_pages 1\noom_kill 9\n",
        ])
        #expect(limits.threads == 2 && limits.memory == 2 << 30 && limits.memoryKills == 3)
    }

    /// 8 + 2 bits of the mask, whatever the machine has.
    @Test func affinity() throws {
        defer { end() }
        let status = "Name:\tx\nCpus_allowed:\tff,00000003\nCpus_allowed_list:\t0-1,32-39\nMems_allowed:\t00000001\n"
        #expect(try limits(["proc/self/status": status]).threads == 10)
    }

    @Test func theKernelsOwnCountWillDo() throws {
        defer { end() }
        #expect(try limits(["proc/self/cgroup": "0::/\n", "proc/vmstat": "nr_free_pages 1\noom_kill 9\n"]).memoryKills == 9)
    }

    @Test(arguments: [("4", 4), ("64", 16), ("", 16), ("many", 16), ("0", 16)])
    func batchSystems(_ value: String, _ threads: Int) throws {
        defer { end() }
        #expect(try limits([:], environment: ["SLURM_CPUS_PER_TASK": value]).threads == threads)
    }

    @Test func thisMachineHasSomething() {
        let limits = HostLimits()
        #expect(limits.threads >= 1 && limits.threads <= ProcessInfo.processInfo.processorCount)
        #expect(limits.memory > 1 << 20 && limits.memory <= Int64(ProcessInfo.processInfo.physicalMemory))
    }
}
