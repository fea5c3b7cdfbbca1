import Catalogue
import Sweep
import Wire

/// What no worker has that jobs need.
extension Ledger {
    /// What keeps ready jobs of a sweep from every worker, beside pretrained weights; `nil`: nothing, or nobody is there to say.
    func obstacles(_ sweep: Int64, _ policy: SweepPolicy, _ present: [WorkerStatus]) throws -> [SweepStatus.Obstacle]? {
        guard !present.isEmpty else { return nil }
        let workers = present.map(\.description)
        var jobs: [String: Int] = [:]
        for row in try connection.rows("SELECT class, ready FROM queues WHERE sweep = ? AND ready > 0", [.integer(sweep)]) {
            let kind = try jobClass(row.integer(0))
            guard let obstacle = PlacementNeeds(kind, policy).obstacle(among: workers), !obstacle.isWeights else { continue }
            jobs[obstacle.sentence, default: 0] += row.int(1)
        }
        if policy.isExact {
            let platforms = Set(workers.map(\.platform))
            for row in try connection.rows(
                """
                SELECT checkpoint_engine, count(*) FROM jobs WHERE ready = 1 AND sweep = ? AND platform IS NOT NULL
                GROUP BY checkpoint_engine
                """, [.integer(sweep)])
            {
                guard let platform = EngineText.read(row.text(0))?.platform, !platforms.contains(platform) else { continue }
                jobs["their checkpoints are of \(platform), and under `exact: true` they go on nowhere else", default: 0] += row.int(1)
            }
        }
        return jobs.isEmpty ? nil : jobs.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { .init(jobs: $0.value, reason: $0.key) }
    }

    /// Whether a ready job may go on from its checkpoint nowhere, and never will for all that is known.
    func isStuck(_ entry: JobEntry) throws -> Bool {
        guard entry.stored == .pending, let checkpoint = entry.record.checkpoint, try sweep(entry.sweep).policy.policy.isExact else { return false }
        return try !presentWorkers().contains { $0.description.platform == checkpoint.engine.platform }
    }
}

/// What a job needs of a worker.
struct PlacementNeeds {
    let kind: JobClass
    let requires: SweepPolicy.Requirements
    let resources: JobResources

    init(_ kind: JobClass, _ policy: SweepPolicy) {
        self.kind = kind
        requires = policy.requires
        resources = policy.requires.resources(usually: kind.usual)
    }

    /// One thing that is needed.
    private struct Need {
        let isMet: (WorkerDescription) -> Bool
        /// What is said when none of these workers, which have everything before it, has it.
        let sentence: ([WorkerDescription]) -> String
        var isWeights = false
    }

    private var needs: [Need] {
        var needs = [
            Need(isMet: { $0.coreVersion == kind.core }) { _ in "no worker has version \(kind.core) of the training core" },
            Need(isMet: { $0.methods.contains(kind.method) }) { _ in "no worker knows the method '\(kind.method)'" },
            Need(isMet: { $0.datasets[kind.dataset]?.fingerprint == kind.fingerprint }) { workers in
                workers.contains { $0.datasets[kind.dataset] != nil }
                    ? "every worker has other content under the data set '\(kind.dataset)'" : "no worker has the data set '\(kind.dataset)'"
            },
        ]
        for name in kind.weights + requires.weights {
            needs.append(Need(isMet: { $0.weights.contains(name) }, sentence: { _ in "no worker has the weights '\(name)'" }, isWeights: true))
        }
        for tag in requires.tags {
            needs.append(Need(isMet: { $0.tags.contains(tag) }) { _ in "no worker has the tag '\(tag)'" })
        }
        needs += [
            Need(isMet: { requires.isOn($0.platform) }) { workers in
                let devices = Set(workers.map(\.platform.device)).sorted().joined(separator: ", ")
                return "the device '\(requires.device)' is asked for, and workers have \(devices)"
            },
            Need(isMet: { $0.resources.threads >= resources.threads }) { workers in
                "\(resources.threads) threads are asked for, and the most that a worker offers is \(workers.map(\.resources.threads).max() ?? 0)"
            },
            Need(isMet: { $0.resources.memory >= resources.memory }) { workers in
                Self.short("memory", resources.memory, workers.map(\.resources.memory).max() ?? 0)
            },
            Need(isMet: { $0.resources.place(for: resources) != nil }) { workers in
                Self.short("GPU memory", resources.gpuMemory, workers.flatMap(\.resources.gpus).max() ?? 0)
            },
        ]
        return needs
    }

    private static func short(_ what: String, _ asked: Int64, _ offered: Int64) -> String {
        "\(ByteSize.text(asked)) of \(what) are asked for, and the most that a worker offers is \(ByteSize.text(offered))"
    }

    /// What none of the workers has; `nil`: one of them has everything.
    func obstacle(among workers: [WorkerDescription]) -> (sentence: String, isWeights: Bool)? {
        var able = workers
        for need in needs {
            let left = able.filter(need.isMet)
            if left.isEmpty { return (need.sentence(able), need.isWeights) }
            able = left
        }
        return nil
    }

    /// What a worker lacks of room, in words that go behind "it"; empty: nothing.
    func lacksRoom(_ worker: WorkerDescription) -> [String] {
        let offered = worker.resources
        var lacks: [String] = []
        if offered.threads < resources.threads { lacks.append("offers \(offered.threads) threads, not \(resources.threads)") }
        if offered.memory < resources.memory {
            lacks.append("offers \(ByteSize.text(offered.memory)) of memory, not \(ByteSize.text(resources.memory))")
        }
        if let most = offered.gpus.max(), most < resources.gpuMemory {
            lacks.append("offers \(ByteSize.text(most)) of GPU memory, not \(ByteSize.text(resources.gpuMemory))")
        }
        return lacks
    }
}
