import Foundation
import Sweep

/// Runs as Weights & Biases writes a project's table of runs: its own columns, then the configuration and the summary by name.
struct WandbTable {
    let runs: [ExportedRun]

    /// Every field is quoted, as W&B does.
    var csv: String {
        let own = ["Name", "State", "Notes", "User", "Tags", "Created", "Runtime", "Sweep"]
        let parameters = Set(runs.flatMap { $0.parameters.map(\.name) }).sorted()
        let metrics = Set(runs.flatMap { $0.metrics.map(\.name) }).sorted()
        let lines = [own + parameters + ["_step", "loss"] + metrics] + runs.map { run in
            let settings = Dictionary(uniqueKeysWithValues: run.parameters.map { ($0.name, $0.value) })
            let result = run.row.result
            let created = Date(timeIntervalSince1970: run.times.started)
                .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            return [run.name, state(run.row.state), result?.notes.joined(separator: " ") ?? "", "medsweep", "", created, runtime(run), run.sweep]
                + parameters.map { settings[$0].map { "\($0)" } ?? "" }
                + [result.map { "\($0.losses.count)" } ?? "", result?.losses.last.map { "\($0)" } ?? ""]
                + metrics.map { name in result?.metrics[name].map { "\($0)" } ?? "" }
        }
        return lines.map { $0.map { CSV.field($0, isAlwaysQuoted: true) }.joined(separator: ",") }.joined(separator: "\n") + "\n"
    }

    /// Whole seconds; empty unless it has ended.
    private func runtime(_ run: ExportedRun) -> String {
        guard run.row.state.isFinal, let ended = run.times.ended else { return "" }
        return "\(Int((ended - run.times.started).rounded()))"
    }

    private func state(_ state: JobState) -> String {
        switch state {
        case .pending: "pending"
        case .leased: "running"
        case .done: "finished"
        case .quarantined: "failed"
        case .cancelled: "killed"
        }
    }
}
