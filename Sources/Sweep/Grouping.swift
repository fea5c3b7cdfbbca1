import Catalogue

/// Results in lines and columns of any axes, e.g. option `latent_size` against data set.
public struct Grouping: Sendable {
    /// What jobs are told apart by.
    public enum Axis: Hashable, Sendable {
        case method, dataset, seed
        case option(String)

        /// `method`, `dataset`, `seed`, or an option's name.
        public init(_ name: String) {
            switch name {
            case "method": self = .method
            case "dataset": self = .dataset
            case "seed": self = .seed
            default: self = .option(name)
            }
        }

        /// `nil`: the job's method has no such option.
        func value(of job: JobDescription) -> Setting? {
            switch self {
            case .method: .text(job.method)
            case .dataset: .text(job.dataset)
            case .seed: .integer(job.seed)
            case .option(let name): job.configuration[name]
            }
        }
    }

    /// A value for each axis; `nil` where a method has no such option.
    public typealias Key = [Setting?]

    /// In the order of the jobs.
    public let lines: [Key]
    public let columns: [Key]
    private let cells: [Place: ResultTable.Cell]

    private struct Place: Hashable {
        let line: Key
        let column: Key
    }

    /// Groups jobs; one that stands in `rows` twice is counted once. No axis at all gives a single line or column.
    public init(_ rows: [ResultRow], lines: [Axis], columns: [Axis]) {
        var seen: Set<String> = []
        var (known, knownColumns): (Set<Key>, Set<Key>) = ([], [])
        var (lineKeys, columnKeys): ([Key], [Key]) = ([], [])
        var grouped: [Place: [ResultRow]] = [:]
        for row in rows where seen.insert(row.identity).inserted {
            let place = Place(line: lines.map { $0.value(of: row.job) }, column: columns.map { $0.value(of: row.job) })
            if known.insert(place.line).inserted { lineKeys.append(place.line) }
            if knownColumns.insert(place.column).inserted { columnKeys.append(place.column) }
            grouped[place, default: []].append(row)
        }
        (self.lines, self.columns) = (lineKeys, columnKeys)
        cells = grouped.mapValues(ResultTable.Cell.init)
    }

    /// The cell of a line in a column; `nil` when no job was asked for. Its configuration is its first job's.
    public func cell(_ line: Key, _ column: Key) -> ResultTable.Cell? { cells[Place(line: line, column: column)] }
}
