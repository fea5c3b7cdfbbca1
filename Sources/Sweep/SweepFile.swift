import Catalogue
import Yams

/// A sweep file, parsed and checked.
public struct SweepFile: Sendable {
    /// The sweep's name: its identity at a coordinator.
    public let name: String
    public let policy: SweepPolicy
    let grid: Grid
    let methods: [String: MethodDescription]
    var datasets: [String: DatasetDescription]
    let reader: SweepYAML

    /// The most cells that a file may expand to.
    public static let cellLimit = 10_000_000
    /// The most values of one list, ranges counted out.
    static let valueLimit = 2_000_000
    /// The most cells that one entry of `include` or `ablate` is multiplied out to; these are made at once, not streamed.
    static let entryLimit = 100_000

    private static let keys = [
        "sweep", "fixed", "matrix", "exclude", "include", "zip", "ablate", "set", "requires", "retry", "limits",
        "priority", "metric", "checkpoint_every", "evaluate_every", "artefacts", "exact",
    ]

    /// Parses a sweep file. Everything that can be wrong with it is found here, before any job is made.
    ///
    /// - Parameters:
    ///   - source: YAML; JSON is YAML too.
    ///   - file: its name for messages.
    ///   - overrides: `axis=value`, `axis=a,b`, `axis=range(0,5)` or `axis=choice(a,b)`, as on Hydra's command line.
    ///   - datasets: the data sets that may be named.
    ///   - methods: the methods that may be named.
    /// - Throws: ``SweepFileError`` with the line at fault.
    public static func parse(
        source: String, file: String, overrides: [String] = [], datasets: [DatasetDescription] = Catalogue.datasets,
        methods: [MethodDescription] = Catalogue.methods
    ) throws(SweepFileError) -> SweepFile {
        let reader = SweepYAML(file: file, source: source)
        let parts = try reader.pairs(reader.root(), "the sweep file", known: keys)
        let parser = GridParser(reader: reader, methods: methods, datasets: datasets)
        var grid = Grid()
        if let part = parts["fixed"] { grid.fixed = try parser.fixed(part.value) }
        if let part = parts["matrix"] { grid.axes = try parser.matrix(part.value) }
        if let part = parts["zip"] { grid.axes += try parser.zip(part.value) }
        if let part = parts["exclude"] { grid.exclude = try parser.exclude(part.value) }
        if let part = parts["include"] { grid.include = try parser.include(part.value) }
        if let part = parts["set"] { grid.conditional = try parser.conditional(part.value) }
        if let part = parts["ablate"] { grid.ablate = try parser.ablate(part.value) }
        for override in overrides { try Override(override, parser).apply(to: &grid) }
        let policy = try PolicyParser(reader: reader).policy(parts)
        let result = SweepFile(
            name: try name(parts["sweep"], reader), policy: policy, grid: grid,
            methods: Dictionary(methods.map { ($0.name, $0) }) { first, _ in first },
            datasets: Dictionary(datasets.map { ($0.name, $0) }) { first, _ in first }, reader: reader)
        try GridChecks(file: result).run()
        return result
    }

    private static func name(_ part: (line: Int?, value: Node)?, _ reader: SweepYAML) throws(SweepFileError) -> String {
        guard let part else { throw reader.error(1, "the sweep has no name; begin with 'sweep: NAME'") }
        guard case .scalar(let scalar) = part.value, scalar.string.count <= 100,
            scalar.string.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]*/) != nil
        else {
            throw reader.error(part.line, "a sweep's name is made of letters, digits, '.', '_' and '-', at most 100")
        }
        return scalar.string
    }

    /// Every data set that a cell can name, in order of first appearance.
    public var datasetNames: [String] { names(of: "dataset") }

    /// Every value of a reserved axis, in order of first appearance.
    func names(of axis: String) -> [String] {
        var values: [Setting] = []
        if let value = grid.fixed[axis]?.value { values.append(value) }
        for group in grid.axes {
            if let place = group.names.firstIndex(of: axis) { values += group.rows.map { $0[place] } }
        }
        values += grid.include.compactMap { $0.values[axis] }
        var seen: Set<Setting> = []
        return values.filter { seen.insert($0).inserted }.compactMap(\.textValue)
    }

    /// The jobs in order, made one by one as they are asked for: the product's cells, the cells that `include` adds,
    /// then the ablated ones. Equal jobs are handed out once.
    /// - Parameter contents: what is known of the data sets' content, by their names.
    /// - Throws: ``SweepFileError`` when a data set's content is not among them.
    public func jobs(contents: [String: DatasetContent]) throws(SweepFileError) -> JobSequence {
        for name in datasetNames where contents[name] == nil {
            throw SweepFileError(
                file: reader.file, line: nil,
                message: "the content of data set '\(name)' is not known; start a worker that has it, or name its folder with --data")
        }
        var file = self
        file.datasets = datasets.mapValues { $0.with(contents[$0.name]) }
        return JobSequence(file: file, contents: contents)
    }
}

/// One job of a sweep's expansion.
public struct PlannedJob: Sendable, Hashable {
    /// Place in the expansion, from 0.
    public let position: Int
    public let identity: String
    public let job: JobDescription
    /// The identity of what the job trains: jobs with equal ones share the weights that the first of them trains. `nil`: nothing is
    /// trained.
    public let trainingIdentity: String?

    public init(position: Int, _ job: JobDescription) {
        self.position = position
        self.job = job
        identity = job.identity
        trainingIdentity = job.training?.identity
    }
}
