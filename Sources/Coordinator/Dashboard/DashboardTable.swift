import Catalogue
import Sweep
import Wire

/// A sweep's results, summed up for the dashboard.
struct DashboardTable: Codable, Sendable, Hashable {
    struct Name: Codable, Sendable, Hashable {
        var name: String
        var title: String
    }

    struct Value: Codable, Sendable, Hashable {
        /// Jobs with the metric.
        var count: Int
        var mean: Double
        /// The sample standard deviation; `nil` for a single value.
        var deviation: Double?
        /// 1 for the best of its data set, 2 for the second best; `nil`: neither, or not complete.
        var place: Int?
    }

    struct Cell: Codable, Sendable, Hashable {
        var expected: Int
        /// Whether its results come from several engine classes.
        var isMixed: Bool
        /// By metric.
        var values: [String: Value]
    }

    struct Line: Codable, Sendable, Hashable {
        var title: String
        /// By data set.
        var cells: [String: Cell]
    }

    /// The metric to begin with.
    var metric: String
    var metrics: [Name]
    var datasets: [Name]
    var lines: [Line]

    init(_ table: ResultTable, metric: String) {
        let names = table.metrics.isEmpty ? ["auc", "ap"] : table.metrics
        self.metric = names.contains(metric) ? metric : names[0]
        metrics = names.map { name in
            Name(name: name, title: Catalogue.title(ofMetric: name))
        }
        datasets = table.datasets.map { Name(name: $0, title: Catalogue.title(ofDataset: $0)) }
        var places: [String: [String: [ResultTable.Line: Int]]] = [:]
        for name in names {
            for dataset in table.datasets { places[name, default: [:]][dataset] = table.places(name, dataset) }
        }
        lines = table.lines.map { line in
            var cells: [String: Cell] = [:]
            for dataset in table.datasets {
                guard let cell = table.cell(line, dataset) else { continue }
                var values: [String: Value] = [:]
                for name in names {
                    guard let summary = cell.summary(name) else { continue }
                    values[name] = Value(
                        count: summary.count, mean: summary.mean, deviation: summary.deviation,
                        place: places[name]?[dataset]?[line])
                }
                cells[dataset] = Cell(expected: cell.expected, isMixed: cell.isMixed, values: values)
            }
            return Line(title: line.title, cells: cells)
        }
    }
}

/// Result tables of the sweeps that are looked at. A table is made anew when jobs have moved, but never more than a tenth of
/// the time is spent on it.
actor DashboardTables {
    private struct Entry {
        /// The sweep's counts when the table was made.
        var signature = ""
        var table: DashboardTable?
        var madeAt = ContinuousClock.now
        var cost = Duration.zero
        var usedAt = ContinuousClock.now
        var making: Task<DashboardTable, any Error>?
    }

    private let store: JobStore
    private var entries: [String: Entry] = [:]
    /// Tables that are kept.
    private static let most = 8

    init(store: JobStore) { self.store = store }

    /// The table of a sweep, at most a few seconds old.
    func table(of status: SweepStatus) async throws -> DashboardTable {
        let sweep = status.name
        let signature = "\(status.submitted) \(status.total) \(JobState.allCases.map { status.jobs[$0, default: 0] })"
        var entry = entries[sweep] ?? Entry()
        entry.usedAt = .now
        entries[sweep] = entry
        forgetOldest()
        if let making = entry.making { return try await making.value }
        if let table = entry.table, entry.signature == signature || ContinuousClock.now - entry.madeAt < max(.seconds(1), entry.cost * 10) {
            return table
        }
        let making = Task { try await make(sweep, status.policy.metric, signature: signature) }
        entries[sweep]?.making = making
        return try await making.value
    }

    private func make(_ sweep: String, _ metric: SweepPolicy.Metric, signature: String) async throws -> DashboardTable {
        defer { entries[sweep]?.making = nil }
        let start = ContinuousClock.now
        let rows = try await store.resultRows(sweep: sweep)
        // Away from this actor: a large sweep takes a while.
        let table = await Task.detached { DashboardTable(ResultTable(rows, goal: metric.goal), metric: metric.name) }.value
        entries[sweep]?.table = table
        entries[sweep]?.signature = signature
        entries[sweep]?.madeAt = .now
        entries[sweep]?.cost = .now - start
        return table
    }

    private func forgetOldest() {
        while entries.count > Self.most, let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt }) {
            entries[oldest.key] = nil
        }
    }
}
