import Catalogue

/// What a sweep's jobs take together, and on a machine how long.
public struct SweepCost: Sendable {
    /// Some of the jobs.
    public struct Part: Sendable, Hashable {
        /// All jobs, those without a known cost included.
        public fileprivate(set) var jobs = 0
        public fileprivate(set) var cost = JobCost()
        /// Seconds on the machine, one job after the other.
        public fileprivate(set) var seconds = 0.0
    }

    public let machine: Machine
    public private(set) var total = Part()
    /// By method, in the catalogue's order.
    public private(set) var methods: [(name: String, part: Part)] = []
    /// Jobs whose cost is not known, by what it is that is not: a data set's number of images or a method's networks.
    public private(set) var unknown: [String: Int] = [:]

    /// - Parameter counts: images of data sets by name, where they are known; the study's are known without.
    public init(_ jobs: some Sequence<PlannedJob>, counts: [String: StudyCounts], machine: Machine) {
        self.machine = machine
        var parts: [String: Part] = [:]
        var trained: Set<String> = []
        for planned in jobs {
            let job = planned.job
            parts[job.method, default: Part()].jobs += 1
            total.jobs += 1
            guard let images = counts[job.dataset] ?? Catalogue.dataset(job.dataset)?.study else {
                unknown["data set \(job.dataset)", default: 0] += 1
                continue
            }
            let trains = planned.trainingIdentity.map { trained.insert($0).inserted } ?? true
            guard let cost = JobCost(job, counts: images, trains: trains) else {
                unknown["method \(job.method)", default: 0] += 1
                continue
            }
            let seconds = machine.seconds(cost)
            parts[job.method]!.cost += cost
            parts[job.method]!.seconds += seconds
            total.cost += cost
            total.seconds += seconds
        }
        let order = Catalogue.methods.map(\.name)
        methods = parts.sorted { first, second in
            (order.firstIndex(of: first.key) ?? .max, first.key) < (order.firstIndex(of: second.key) ?? .max, second.key)
        }.map { ($0.key, $0.value) }
    }
}
