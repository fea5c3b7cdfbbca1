import Catalogue
import Foundation
import Sweep

/// What `medsweep plan --cost` prints.
struct CostText {
    let sweep: String
    let cost: SweepCost

    /// The assumptions behind the hours, in words.
    private var assumptions: [String] {
        let machine = cost.machine
        return [
            "one \(machine.name) at \(number(machine.sustainedTeraflops)) TFLOP/s sustained, a multiply-accumulate being two, and \(number(machine.secondsPerStep * 1000)) ms a batch at least",
            "one job after the other, each from its first epoch to its last; a backward pass twice a forward one",
            "all jobs of the sweep, whether finished before or not; decoding images, uploads and waiting left out",
        ]
    }

    var text: String {
        var rows = [["method", "jobs", "images trained", "scored", "multiply-accumulates", "hours"]]
        rows += cost.methods.map { row($0.name, $0.part) }
        rows.append(row("in all", cost.total))
        var lines = ["sweep \(sweep)"] + TextColumns.lines(rows, right: [1, 2, 3, 4, 5]).map { "  \($0)" }
        for (what, jobs) in cost.unknown.sorted(by: { $0.key < $1.key }) {
            lines.append("  not counted: \(jobs) jobs, since the size of \(what) is not known\(what.hasPrefix("data") ? "; see --data" : "")")
        }
        return (lines + ["assumed:"] + assumptions.map { "  \($0)" }).joined(separator: "\n")
    }

    private func row(_ name: String, _ part: SweepCost.Part) -> [String] {
        [
            name, String(part.jobs), String(format: "%.0f", part.cost.trainingImages),
            String(format: "%.0f", part.cost.scoredImages), String(format: "%.2e", part.cost.multiplyAccumulates),
            String(format: "%.1f", part.seconds / 3600),
        ]
    }

    private func number(_ value: Double) -> String { "\(Setting((value * 1000).rounded() / 1000))" }

    // MARK: JSON

    private struct Document: Encodable {
        let sweep: String
        let total: Entry
        let methods: [Entry]
        let unknown: [String: Int]
        let machine: Machine
        let assumptions: [String]
    }

    private struct Entry: Encodable {
        let method: String?
        let jobs: Int
        let trainingImages: Double
        let scoredImages: Double
        let steps: Double
        let multiplyAccumulates: Double
        let hours: Double

        init(_ method: String?, _ part: SweepCost.Part) {
            self.method = method
            jobs = part.jobs
            trainingImages = part.cost.trainingImages
            scoredImages = part.cost.scoredImages
            steps = part.cost.steps
            multiplyAccumulates = part.cost.multiplyAccumulates
            hours = part.seconds / 3600
        }
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let document = Document(
            sweep: sweep, total: Entry(nil, cost.total), methods: cost.methods.map { Entry($0.name, $0.part) },
            unknown: cost.unknown, machine: cost.machine, assumptions: assumptions)
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }
}
