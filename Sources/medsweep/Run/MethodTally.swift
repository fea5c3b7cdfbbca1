import Catalogue
import Sweep

/// What a sweep's jobs are, method by method, and what they ask of their workers.
struct MethodTally {
    /// Some of the jobs.
    struct Part: Hashable {
        var jobs = 0
        /// Trainings: jobs that differ in their scorers only share one, which is counted where it comes first.
        var trainings = 0
        /// The most that any of the jobs asks for.
        var resources = JobResources(threads: 0, memory: 0, gpuMemory: 0)

        fileprivate mutating func add(_ job: JobResources, trains: Bool) {
            jobs += 1
            trainings += trains ? 1 : 0
            resources.threads = max(resources.threads, job.threads)
            resources.memory = max(resources.memory, job.memory)
            resources.gpuMemory = max(resources.gpuMemory, job.gpuMemory)
        }
    }

    /// By method, in the catalogue's order.
    private(set) var methods: [(name: String, part: Part)] = []
    private(set) var total = Part()

    init(_ jobs: some Sequence<PlannedJob>, requires: SweepPolicy.Requirements) {
        var parts: [String: Part] = [:]
        var trained: Set<String> = []
        var last: (job: JobDescription, resources: JobResources)?
        for planned in jobs {
            // Seeds of one cell come one after the other and ask for the same.
            let resources = last.flatMap { $0.job.isAlike(planned.job) ? $0.resources : nil } ?? requires.resources(of: planned.job)
            last = (planned.job, resources)
            let trains = planned.trainingIdentity.map { trained.insert($0).inserted } ?? false
            parts[planned.job.method, default: Part()].add(resources, trains: trains)
            total.add(resources, trains: trains)
        }
        let order = Dictionary(uniqueKeysWithValues: Catalogue.methods.enumerated().map { ($1.name, $0) })
        methods = parts.sorted { (order[$0.key] ?? .max, $0.key) < (order[$1.key] ?? .max, $1.key) }.map { ($0.key, $0.value) }
    }

    /// A line for each method and one for all.
    var lines: [String] {
        var rows = [["method", "jobs", "trainings", "scorings", "threads", "memory"]]
        rows += methods.map { row($0.name, $0.part) }
        if methods.count > 1 { rows.append(row("in all", total)) }
        return TextColumns.lines(rows, right: [1, 2, 3, 4, 5])
    }

    private func row(_ name: String, _ part: Part) -> [String] {
        [
            name, "\(part.jobs)", "\(part.trainings)", "\(part.jobs)", "\(part.resources.threads)", ByteSize.text(part.resources.memory),
        ]
    }

    /// A method's part in JSON.
    struct Entry: Encodable {
        let method: String
        let jobs: Int
        let trainings: Int
        let scorings: Int
        /// Of one job, at the most: bytes.
        let memory: Int64
        let gpuMemory: Int64
        let threads: Int
    }

    var entries: [Entry] {
        methods.map { name, part in
            Entry(
                method: name, jobs: part.jobs, trainings: part.trainings, scorings: part.jobs, memory: part.resources.memory,
                gpuMemory: part.resources.gpuMemory, threads: part.resources.threads)
        }
    }
}
