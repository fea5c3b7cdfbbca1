import Catalogue
import Foundation
import Sweep
import Wire

/// Two sweeps' cells side by side.
struct SweepComparison: Encodable {
    /// What one sweep has in a cell.
    struct Side: Encodable {
        let n: Int
        let expected: Int
        let mean: Double?
        let sd: Double?

        init(_ cell: ResultTable.Cell, _ metric: String) {
            let summary = cell.summary(metric)
            n = summary?.count ?? 0
            expected = cell.expected
            mean = summary?.mean
            sd = summary?.deviation
        }
    }

    struct Cell: Encodable {
        let method: String
        let variant: String
        let dataset: String
        let first: Side?
        let second: Side?
        /// The seeds that both have a result of, ascending.
        let seeds: [Int]
        /// The second's mean less the first's, both over ``seeds``; `nil` where they have no seed in common.
        let difference: Double?
    }

    let first: String
    let second: String
    let metric: String
    let cells: [Cell]
    private let goal: SweepPolicy.Metric.Goal

    private enum CodingKeys: CodingKey { case first, second, metric, cells }

    init(
        _ first: (name: String, rows: [ResultRow]), _ second: (name: String, rows: [ResultRow]), metric: String,
        goal: SweepPolicy.Metric.Goal
    ) {
        let tables = [first, second].map { ResultTable($0.rows) }
        let lines = tables[0].lines + tables[1].lines.filter { !tables[0].lines.contains($0) }
        let datasets = tables[0].datasets + tables[1].datasets.filter { !tables[0].datasets.contains($0) }
        cells = lines.flatMap { line in
            datasets.compactMap { dataset -> Cell? in
                let sides = tables.map { $0.cell(line, dataset) }
                guard sides[0] != nil || sides[1] != nil else { return nil }
                let pairs = sides[0].flatMap { one in sides[1].flatMap { PairedSeeds([one, $0], metric: metric) } }
                return Cell(
                    method: line.method, variant: line.variant, dataset: dataset, first: sides[0].map { Side($0, metric) },
                    second: sides[1].map { Side($0, metric) }, seeds: pairs?.seeds ?? [],
                    difference: pairs.map { $0.means[1] - $0.means[0] })
            }
        }
        self.first = first.name
        self.second = second.name
        self.metric = metric
        self.goal = goal
    }

    /// One row a cell; what is better in the second is green, what is worse red.
    func text(color: Bool) -> String {
        var rows = [[metric, "data set", first.oneLine, second.oneLine, "difference", "over seeds"]]
        for cell in cells {
            let name = cell.variant.isEmpty ? cell.method : "\(cell.method) [\(cell.variant)]"
            rows.append([
                name.oneLine, cell.dataset.oneLine, words(cell.first), words(cell.second),
                cell.difference.map { (($0 > 0 ? "+" : "") + number($0)) } ?? "", seeds(cell),
            ])
        }
        var lines = TextColumns.lines(rows, right: [2, 3, 4])
        if color {
            for (index, cell) in cells.enumerated() {
                guard let difference = cell.difference, difference != 0 else { continue }
                lines[index + 1] = "\u{1B}[\((difference > 0) == (goal == .maximize) ? 32 : 31)m\(lines[index + 1])\u{1B}[0m"
            }
        }
        return (lines + ["\(isShare ? "percent, " : "")mean ± standard deviation (jobs with a result of those asked for); the second less the first, over the seeds that both have"])
            .joined(separator: "\n")
    }

    /// `67.5 ± 0.9 (3/3)`
    private func words(_ side: Side?) -> String {
        guard let side else { return "not asked for" }
        let count = "(\(side.n)/\(side.expected))"
        guard let mean = side.mean else { return "none \(count)" }
        let spread = side.sd.map { " ± \(number($0))" } ?? ""
        return "\(number(mean))\(spread) \(count)"
    }

    private func seeds(_ cell: Cell) -> String {
        guard cell.first?.mean != nil, cell.second?.mean != nil else { return "" }
        return cell.seeds.isEmpty ? "none in common" : PairedSeeds.text(cell.seeds)
    }

    private var isShare: Bool { MetricText.isShare(metric) }
    private func number(_ value: Double) -> String { MetricText.number(value, of: metric) }
}
