import Catalogue
import Foundation
import Sweep

/// Where a method's cells on a data set differ in one numeric option only: a metric over that option.
struct AblationCurves {
    let report: SweepReport

    /// Charts with their data set's, option's and metric's names, in the order of the tables.
    var charts: [(title: String, names: [String], svg: String)] {
        let table = report.table
        return table.datasets.flatMap { dataset -> [(title: String, names: [String], svg: String)] in
            let groups = Dictionary(grouping: table.lines.filter { table.cell($0, dataset) != nil }, by: \.method)
            let found = Catalogue.methods.compactMap { groups[$0.name] }.flatMap { curves($0, dataset) }
            let options = Set(found.map(\.option)).sorted()
            return options.flatMap { option in
                report.metrics.compactMap { metric in chart(found.filter { $0.option == option }, option, dataset, metric) }
            }
        }
    }

    private struct Curve {
        let option: String
        let name: String
        let cells: [(value: Double, cell: ResultTable.Cell)]
    }

    /// One curve an option and setting of all others; one-at-a-time ablations give one curve an option.
    private func curves(_ lines: [ResultTable.Line], _ dataset: String) -> [Curve] {
        let cells = lines.compactMap { report.table.cell($0, dataset) }
        let options = Set(cells.flatMap(\.configuration.keys)).sorted().filter { option in
            Set(cells.map { $0.configuration[option] }).count > 1 && cells.allSatisfy { $0.configuration[option]?.doubleValue != nil }
        }
        return options.flatMap { option -> [Curve] in
            let groups = Dictionary(grouping: cells) { $0.configuration.filter { $0.key != option } }
            let wide = groups.filter { $0.value.count > 1 }
            return wide.sorted { $0.key.canonicalJSON < $1.key.canonicalJSON }.map { others, cells in
                var name = Catalogue.title(ofMethod: lines[0].method)
                if wide.count > 1 {
                    let differing = others.keys.sorted().filter { key in Set(wide.keys.map { $0[key] }).count > 1 }
                    name += " [\(differing.map { "\($0)=\(others[$0].map { "\($0)" } ?? "")" }.joined(separator: ", "))]"
                }
                let points = cells.map { (value: $0.configuration[option]?.doubleValue ?? 0, cell: $0) }
                return Curve(option: option, name: name, cells: points.sorted { $0.value < $1.value })
            }
        }
    }

    private func chart(
        _ curves: [Curve], _ option: String, _ dataset: String, _ metric: String
    ) -> (title: String, names: [String], svg: String)? {
        let lines = curves.compactMap { curve -> ChartLine? in
            let points = curve.cells.compactMap { entry in entry.cell.summary(metric).map { (entry.value, $0) } }
            guard points.count > 1 else { return nil }
            return ChartLine(
                name: curve.name, points: points.map { ($0, $1.mean * 100) },
                band: points.allSatisfy { $1.deviation != nil } ? points.map { ($1.deviation ?? 0) * 100 } : nil)
        }
        let values = lines.flatMap { $0.points.map(\.x) }
        guard let low = values.min(), let high = values.max() else { return nil }
        let title = "\(Catalogue.title(ofMetric: metric)) over \(option), \(Catalogue.title(ofDataset: dataset))"
        var chart = Chart(title: title, xTitle: option, yTitle: "\(Catalogue.title(ofMetric: metric)), percent", lines: lines)
        chart.hasMarkers = true
        chart.hasLogarithmicX = low > 0 && high / low >= 10
        return (title, lines.map(\.name), chart.svg)
    }
}
