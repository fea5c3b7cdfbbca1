import Catalogue
import Foundation
import Wire

/// What `medsweep plan` prints.
struct PlanText: Encodable {
    let plan: SubmitResponse
    let tally: MethodTally
    /// What the data sets are that are here.
    let contents: [String: DatasetContent]
    /// What each entry of the file does, a sentence each.
    var entries: [String] = []

    var text: String {
        var lines = ["sweep \(plan.sweep)"]
        let first = ["method", "dataset", "seed"]
        let width = plan.axes.keys.map(\.count).max() ?? 0
        for axis in first + plan.axes.keys.filter({ !first.contains($0) }).sorted() {
            guard let values = plan.axes[axis] else { continue }
            let sorted = values.sorted { $0.key.localizedStandardCompare($1.key) == .orderedAscending }
            let shown = sorted.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
            lines.append("  \(axis.padding(toLength: width, withPad: " ", startingAt: 0))  \(shown)")
        }
        var counts = ["\(plan.new) new", "\(plan.reused) finished before"]
        if plan.queued > 0 { counts.append("\(plan.queued) queued already") }
        if plan.withdrawn > 0 { counts.append("\(plan.withdrawn) would be withdrawn") }
        lines.append("  \(plan.total) jobs: \(counts.joined(separator: ", "))")
        lines += entries.map { "  \($0)" }
        lines += tally.lines.map { "  \($0)" }
        lines += own.map { "  \($0.name.oneLine): images are \($0.color): color=\($0.color) unless the sweep says otherwise" }
        return lines.joined(separator: "\n")
    }

    /// The data sets whose images decide what jobs make of them: those that the catalogue does not have.
    private var own: [(name: String, color: String)] {
        contents.filter { Catalogue.dataset($0.key) == nil }.sorted { $0.key < $1.key }.map { ($0.key, $0.value.color.rawValue) }
    }

    private enum CodingKeys: String, CodingKey {
        case methods, contents, entries
    }

    /// The answer's own members, what jobs are method by method, and what the data sets are.
    func encode(to encoder: any Encoder) throws {
        try plan.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(tally.entries, forKey: .methods)
        try container.encode(contents, forKey: .contents)
        try container.encode(entries, forKey: .entries)
    }
}
