import Catalogue
import Statistics

/// A job and what came of it, for aggregation.
public struct ResultRow: Sendable {
    public let identity: String
    public let job: JobDescription
    public let state: JobState
    /// Metrics by name; `nil` unless the job is done.
    public let metrics: [String: Double]?
    /// What decided their last digits; `nil` unless the job is done.
    public let engine: EngineClass?

    public init(
        identity: String, job: JobDescription, state: JobState, metrics: [String: Double]?, engine: EngineClass? = nil
    ) {
        self.identity = identity
        self.job = job
        self.state = state
        self.metrics = metrics
        self.engine = engine
    }
}

extension ResultRow {
    /// Neighbours that differ in their seeds only, together: whatever is said of their settings is found once for all of them.
    public static func runs(_ rows: [ResultRow]) -> [ArraySlice<ResultRow>] {
        var runs: [ArraySlice<ResultRow>] = []
        var start = rows.startIndex
        for index in rows.indices where index + 1 == rows.endIndex || !rows[index].job.isAlike(rows[index + 1].job) {
            runs.append(rows[start...index])
            start = index + 1
        }
        return runs
    }
}

/// Results by method and variant against data set, each cell over its seeds. Nothing is left out silently: a cell
/// knows how many jobs it expects.
public struct ResultTable: Sendable {
    /// A row of the table.
    public struct Line: Sendable, Hashable {
        public let method: String
        /// The settings in which this line differs from others of its method, e.g. `latent_size=4`; often empty.
        public let variant: String

        /// e.g. `AE [latent_size=4]`.
        public var title: String {
            let method = Catalogue.title(ofMethod: method)
            return variant.isEmpty ? method : "\(method) [\(variant)]"
        }
    }

    /// One method variant on one data set.
    public struct Cell: Sendable, Hashable {
        public let expected: Int
        /// The first job's options; those of the others are the same but for the seed.
        public let configuration: Settings
        /// Values of the finished jobs in the order of their seeds, by metric.
        public let values: [String: [Double]]
        /// The seeds of ``values``, in their order.
        private let seeds: [String: [Int]]
        /// The jobs that have no metrics, in the order of their seeds.
        public let missing: [Missing]
        /// The engine classes that the values come from, in the order of their seeds, each once.
        public let engines: [EngineClass]

        /// Whether some of the values would have other last digits where the others come from.
        public var isMixed: Bool { engines.count > 1 }

        /// - Parameter jobs: at least one.
        init(_ jobs: [ResultRow]) {
            let rows = jobs.sorted { $0.job.seed < $1.job.seed }
            expected = rows.count
            configuration = jobs[0].job.configuration
            var values: [String: [Double]] = [:]
            var seeds: [String: [Int]] = [:]
            for row in rows {
                for (name, value) in row.metrics ?? [:] {
                    values[name, default: []].append(value)
                    seeds[name, default: []].append(row.job.seed)
                }
            }
            (self.values, self.seeds) = (values, seeds)
            var engines: [EngineClass] = []
            for row in rows {
                if row.metrics != nil, let engine = row.engine, !engines.contains(engine) { engines.append(engine) }
            }
            self.engines = engines
            missing = rows.filter { $0.metrics == nil }.map { Missing(identity: $0.identity, seed: $0.job.seed, state: $0.state) }
        }

        /// Mean and spread of a metric; `nil` when no job has it.
        public func summary(_ metric: String) -> Summary? { values[metric].flatMap(Summary.init) }

        /// The values of a metric by seed; where a seed has several, as of data that was mended on the way, their mean.
        func bySeed(_ metric: String) -> [Int: Double] {
            Dictionary(grouping: zip(seeds[metric] ?? [], values[metric] ?? []), by: \.0).mapValues { pairs in
                pairs.reduce(0) { $0 + $1.1 } / Double(pairs.count)
            }
        }

        /// Whether every job has the metric.
        public func isComplete(_ metric: String) -> Bool { values[metric]?.count == expected }
    }

    /// A job that a cell waits for, or that ended without a result.
    public struct Missing: Sendable, Hashable {
        public let identity: String
        public let seed: Int
        public let state: JobState
    }

    /// Mean and spread over seeds.
    public struct Summary: Sendable, Hashable {
        public let count: Int
        public let mean: Double
        /// The sample standard deviation (n - 1); `nil` for a single value.
        public let deviation: Double?
        /// The 95 % confidence interval of the mean by Student's t; `nil` for a single value.
        public var interval: ClosedRange<Double>? {
            deviation.flatMap { StudentInterval.interval(mean: mean, deviation: $0, count: count) }
        }

        public init?(_ values: [Double]) {
            guard !values.isEmpty else { return nil }
            count = values.count
            let mean = values.reduce(0, +) / Double(values.count)
            self.mean = mean
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            deviation = values.count < 2 ? nil : (squares / Double(values.count - 1)).squareRoot()
        }
    }

    public let lines: [Line]
    public let datasets: [String]
    private let cells: [Key: Cell]
    private let goal: SweepPolicy.Metric.Goal

    private struct Key: Hashable {
        let line: Line
        let dataset: String
    }

    private struct LineKey: Hashable {
        let method: String
        let settings: [Setting?]
    }

    private struct Group: Hashable {
        let method: String
        let dataset: String
    }

    /// Groups jobs; one that stands in `rows` twice is counted once. Methods and data sets come in the catalogue's order,
    /// unknown ones after them, variants in the order of the jobs.
    public init(_ rows: [ResultRow], goal: SweepPolicy.Metric.Goal = .maximize) {
        self.goal = goal
        var seen = Set<String>(minimumCapacity: rows.count)
        let jobs = rows.filter { seen.insert($0.identity).inserted }
        let runs = ResultRow.runs(jobs)
        let varying = ResultTable.varyingOptions(runs.map(\.first!.job))
        var grouped: [Key: [ResultRow]] = [:]
        var lines: [Line] = []
        // Texts are made once a line, not once a job.
        var known: [LineKey: Line] = [:]
        for run in runs {
            let job = run.first!.job
            let key = LineKey(method: job.method, settings: varying[job.method, default: []].map { job.configuration[$0] })
            let line = known[key] ?? Line(method: job.method, variant: ResultTable.variant(job, varying))
            if known.updateValue(line, forKey: key) == nil { lines.append(line) }
            grouped[Key(line: line, dataset: job.dataset), default: []] += run
        }
        let methodOrder = Dictionary(uniqueKeysWithValues: Catalogue.methods.enumerated().map { ($1.name, $0) })
        self.lines = lines.enumerated().sorted { first, second in
            func rank(_ line: Line) -> Int { methodOrder[line.method] ?? .max }
            return (rank(first.element), first.offset) < (rank(second.element), second.offset)
        }.map(\.element)
        let present = Set(runs.map(\.first!.job.dataset))
        let catalogued = Catalogue.datasets.map(\.name)
        datasets = catalogued.filter(present.contains) + present.subtracting(catalogued).sorted()
        cells = grouped.mapValues(Cell.init)
    }

    /// The cell of a line on a data set; `nil` when no job was asked for.
    public func cell(_ line: Line, _ dataset: String) -> Cell? { cells[Key(line: line, dataset: dataset)] }

    /// Places of the best and second best complete cells of a data set. Equal means share a place.
    public func places(_ metric: String, _ dataset: String) -> [Line: Int] {
        let means = lines.compactMap { line -> (line: Line, mean: Double)? in
            guard let cell = cell(line, dataset), cell.isComplete(metric), let summary = cell.summary(metric) else { return nil }
            return (line, goal == .maximize ? summary.mean : -summary.mean)
        }
        // Alone in its column, a value is not the best of anything.
        guard means.count > 1 else { return [:] }
        let ranked = Set(means.map(\.mean)).sorted(by: >)
        return means.reduce(into: [:]) { places, entry in
            if let place = ranked.prefix(2).firstIndex(of: entry.mean) { places[entry.line] = place + 1 }
        }
    }

    /// The metrics that any job has, the image's first.
    public var metrics: [String] {
        let present = Set(cells.values.flatMap(\.values.keys))
        return Catalogue.comparedMetrics.map(\.name).filter(present.contains)
    }

    // MARK: Variants

    /// For each job the settings in which it differs from others of its method, e.g. `latent_size=4`; often empty.
    public static func variants(_ rows: [ResultRow]) -> [String] {
        let varying = varyingOptions(rows.map(\.job))
        return rows.map { variant($0.job, varying) }
    }

    /// Options that take several values among the jobs of one method on one data set, by method.
    private static func varyingOptions(_ jobs: [JobDescription]) -> [String: [String]] {
        var firsts: [Group: Settings] = [:]
        var varying: [String: Set<String>] = [:]
        for job in jobs {
            let group = Group(method: job.method, dataset: job.dataset)
            guard let first = firsts[group] else {
                firsts[group] = job.configuration
                continue
            }
            for (name, value) in job.configuration where first[name].map({ $0 != value }) ?? false {
                varying[job.method, default: []].insert(name)
            }
        }
        return varying.mapValues { $0.sorted() }
    }

    private static func variant(_ job: JobDescription, _ varying: [String: [String]]) -> String {
        (varying[job.method] ?? []).compactMap { name in job.configuration[name].map { "\(name)=\($0)" } }
            .joined(separator: ", ")
    }
}
