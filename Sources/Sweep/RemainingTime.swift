import Catalogue

/// How long a sweep takes still, from the work that is left: jobs of one kind (a method on a data set) may take hundreds of times as
/// long as those of another.
public struct RemainingTime: Sendable {
    /// The jobs of a sweep that have one method and one data set.
    public struct Kind: Sendable, Hashable {
        /// Jobs that wait.
        public var waiting: Int
        /// Seconds that the sweep's finished jobs of the kind took together.
        public var finishedSeconds: Double
        /// How many have finished.
        public var finished: Int
        /// Seconds that one of the jobs takes on some machine, by its arithmetic, always the same one; `nil`: not known.
        public var nominalSeconds: Double?

        public init(waiting: Int = 0, finishedSeconds: Double = 0, finished: Int = 0, nominalSeconds: Double? = nil) {
            self.waiting = waiting
            self.finishedSeconds = finishedSeconds
            self.finished = finished
            self.nominalSeconds = nominalSeconds
        }
    }

    /// A job that runs.
    public struct Running: Sendable, Hashable {
        /// The key of its kind.
        public var kind: Int64
        /// How much of it is done, 0...1.
        public var share: Double
        /// Seconds until it is done at the speed it tells; `nil`: it has told none.
        public var secondsLeft: Double?

        public init(kind: Int64, share: Double, secondsLeft: Double?) {
            self.kind = kind
            self.share = share
            self.secondsLeft = secondsLeft
        }

        /// - Parameter progress: what the job told last, whatever that is.
        public init(kind: Int64, share: Double, progress: JobProgress?) {
            var left: Double?
            if let progress, let speed = progress.speed, speed > 0, progress.share > 0, progress.share <= 1, progress.work > 0 {
                // A century is beyond every job.
                left = min(Double(progress.work) / progress.share * (1 - progress.share) / speed, 3e9)
            }
            self.init(kind: kind, share: share, secondsLeft: left)
        }
    }

    public var kinds: [Int64: Kind]
    public var running: [Running]
    /// Jobs that wait for something and are in no kind's count, such as the weights that another job trains.
    public var others: Int

    public init(kinds: [Int64: Kind], running: [Running], others: Int = 0) {
        self.kinds = kinds
        self.running = running
        self.others = others
    }

    /// Seconds until the last job is done, if as many run at once as now. `nil` while nothing runs or nothing is known of any kind.
    ///
    /// A kind's jobs take what its finished ones took, else what its running ones will have taken, else their nominal seconds, scaled as
    /// the kinds with both turned out, else the mean of all kinds.
    public var seconds: Double? {
        guard !running.isEmpty else { return nil }
        var known = kinds.compactMapValues { $0.finished > 0 ? $0.finishedSeconds / Double($0.finished) : nil }
        let measured = Dictionary(grouping: running.filter { known[$0.kind] == nil && $0.share < 1 }, by: \.kind)
        for (kind, jobs) in measured {
            let totals = jobs.compactMap { job in job.secondsLeft.map { $0 / (1 - job.share) } }
            if !totals.isEmpty { known[kind] = totals.reduce(0, +) / Double(totals.count) }
        }
        guard !known.isEmpty else { return nil }
        let both = known.compactMap { key, seconds in kinds[key]?.nominalSeconds.map { (seconds: seconds, nominal: $0) } }
        let nominal = both.reduce(0) { $0 + $1.nominal }
        let scale = nominal > 0 ? both.reduce(0) { $0 + $1.seconds } / nominal : nil
        let mean = known.values.reduce(0, +) / Double(known.count)
        func take(_ key: Int64) -> Double {
            known[key] ?? scale.flatMap { scale in kinds[key]?.nominalSeconds.map { $0 * scale } } ?? mean
        }
        let left = running.map { job in job.secondsLeft ?? (1 - job.share) * take(job.kind) }
        let waiting = kinds.filter { $0.value.waiting > 0 }
        let work = left.reduce(0, +) + waiting.reduce(0) { $0 + Double($1.value.waiting) * take($1.key) } + Double(others) * mean
        let longest = (left + waiting.map { take($0.key) }).max() ?? 0
        return max(work / Double(running.count), longest)
    }
}

extension Machine {
    /// Seconds that a job takes of which only its description is known: on as many images as a data set of the study has, since jobs on one
    /// data set are compared.
    public func nominalSeconds(_ job: JobDescription) -> Double? {
        let counts = Catalogue.dataset(job.dataset)?.study ?? StudyCounts(train: 1000, testNormal: 250, testAbnormal: 250)
        return JobCost(job, counts: counts).map(seconds)
    }

    /// One core of a processor, as jobs of one thread have: tens of 10⁹ operations a second, and small kernels that need not be launched
    /// on another device.
    public static let core = Machine(name: "a processor's core", sustainedTeraflops: 0.05, secondsPerStep: 0.001)
}
