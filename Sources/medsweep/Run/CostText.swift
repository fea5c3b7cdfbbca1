import Catalogue
import Foundation
import Sweep

/// What `medsweep plan --cost` prints.
struct CostText {
    let sweep: String
    let cost: SweepCost
    let tally: MethodTally

    /// The assumptions behind the hours, in words.
    private var assumptions: [String] {
        let machine = cost.machine
        return [
            "one \(machine.name) at \(number(machine.sustainedTeraflops)) TFLOP/s sustained, a multiply-accumulate being two, and \(number(machine.secondsPerStep * 1000)) ms a batch at least",
            "one job after the other, each from its beginning to its end; a backward pass twice a forward one",
            "jobs that share a training pay for it once, where it comes first",
            "all jobs of the sweep, whether finished before or not; decoding images, uploads and waiting left out",
        ]
    }

    var text: String {
        var rows = [["method", "trainings", "scorings", "images trained", "scored", "multiply-accumulates", "hours", "memory of a job"]]
        rows += cost.methods.map { row($0.name, $0.part, tallies[$0.name]) }
        rows.append(row("in all", cost.total, tally.total))
        var lines = ["sweep \(sweep)"] + TextColumns.lines(rows, right: [1, 2, 3, 4, 5, 6, 7]).map { "  \($0)" }
        for (what, jobs) in cost.unknown.sorted(by: { $0.key < $1.key }) {
            lines.append("  not counted: \(jobs) jobs, since the size of \(what) is not known\(what.hasPrefix("data") ? "; see --data" : "")")
        }
        return (lines + ["assumed:"] + assumptions.map { "  \($0)" }).joined(separator: "\n")
    }

    private var tallies: [String: MethodTally.Part] { Dictionary(uniqueKeysWithValues: tally.methods.map { ($0.name, $0.part) }) }

    private func row(_ name: String, _ part: SweepCost.Part, _ tally: MethodTally.Part?) -> [String] {
        [
            name, "\(tally?.trainings ?? 0)", String(part.jobs), String(format: "%.0f", part.cost.trainingImages),
            String(format: "%.0f", part.cost.scoredImages), String(format: "%.2e", part.cost.multiplyAccumulates),
            String(format: "%.1f", part.seconds / 3600), ByteSize.text(tally?.resources.memory ?? 0),
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
        let trainings: Int
        let scorings: Int
        /// Of one job, at the most: bytes.
        let memory: Int64
        let gpuMemory: Int64
        let trainingImages: Double
        let scoredImages: Double
        let steps: Double
        let multiplyAccumulates: Double
        let hours: Double

        init(_ method: String?, _ part: SweepCost.Part, _ tally: MethodTally.Part?) {
            self.method = method
            jobs = part.jobs
            (trainings, scorings) = (tally?.trainings ?? 0, part.jobs)
            (memory, gpuMemory) = (tally?.resources.memory ?? 0, tally?.resources.gpuMemory ?? 0)
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
            sweep: sweep, total: Entry(nil, cost.total, tally.total),
            methods: cost.methods.map { Entry($0.name, $0.part, tallies[$0.name]) },
            unknown: cost.unknown, machine: cost.machine, assumptions: assumptions)
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }
}
