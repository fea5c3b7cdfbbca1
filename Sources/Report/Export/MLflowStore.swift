import Catalogue
import Foundation
import Sweep
import Wire

/// A sweep as an experiment in the layout of MLflow's file store.
struct MLflowStore {
    let sweep: String
    /// Seconds since 1970.
    let submitted: Double
    /// The experiment's identity, which MLflow wants in digits: 18, as it makes them itself, the same for the same name.
    let experiment: String
    /// Where the `mlruns` folder will lie: artefacts are named by their place.
    let place: URL

    init(sweep: String, submitted: Double, place: URL) {
        self.sweep = sweep
        self.submitted = submitted
        self.place = place
        let hash = sweep.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        experiment = String(100_000_000_000_000_000 + hash % 900_000_000_000_000_000)
    }

    /// The experiment's own file, by its path in the `mlruns` folder.
    var experimentFile: (path: String, data: Data) {
        let milliseconds = "\(Int(submitted * 1000))"
        return file("\(experiment)/meta.yaml", yaml([
            "artifact_location": quoted(place.appending(path: experiment).absoluteString), "creation_time": milliseconds,
            "experiment_id": quoted(experiment), "last_update_time": milliseconds, "lifecycle_stage": "active",
            "name": quoted(sweep),
        ]))
    }

    /// A run's files by their paths in the `mlruns` folder; a path with a slash at its end is a folder.
    /// - Throws: ``ExportError`` for names that cannot be files'.
    func files(_ run: ExportedRun) throws -> [(path: String, data: Data)] {
        let identity = String(run.row.identity.prefix(32))
        let folder = try "\(experiment)/\(ExportPath.join(identity))"
        let ended = run.row.state.isFinal ? run.times.ended.map(milliseconds) : nil
        var files = [
            file("\(folder)/meta.yaml", yaml([
                "artifact_uri": quoted(place.appending(path: "\(folder)/artifacts").absoluteString), "end_time": ended ?? "null",
                "entry_point_name": "''", "experiment_id": quoted(experiment), "lifecycle_stage": "active",
                "run_id": quoted(identity), "run_name": quoted(run.name), "run_uuid": quoted(identity), "source_name": "medsweep",
                "source_type": "4", "source_version": "''", "start_time": milliseconds(run.times.started),
                "status": status(run.row.state), "tags": "[]", "user_id": "medsweep",
            ])),
            (path: "\(folder)/artifacts/job.json", data: try WireCoding.encode(run.row)),
            // MLflow takes a folder for a run only if it has this one, even without a metric.
            file("\(folder)/metrics/", ""),
        ]
        files += try run.parameters.map { file("\(folder)/params/\(try ExportPath.join($0.name))", "\($0.value)") }
        files += tags(run).map { file("\(folder)/tags/\($0.key)", $0.value) }
        if !run.losses.isEmpty {
            let lines = run.losses.map { "\(milliseconds($0.at)) \($0.loss) \($0.epoch)\n" }
            files.append(file("\(folder)/metrics/loss", lines.joined()))
        }
        files += try run.metrics.map { metric in
            file(
                "\(folder)/metrics/\(try ExportPath.join(metric.name))",
                "\(milliseconds(run.times.ended ?? run.times.started)) \(metric.value) \(run.lastEpoch)\n")
        }
        return files
    }

    private func tags(_ run: ExportedRun) -> [String: String] {
        var tags = [
            "mlflow.runName": run.name, "mlflow.source.name": "medsweep", "mlflow.user": "medsweep",
            "medsweep.identity": run.row.identity, "medsweep.state": run.row.state.rawValue,
        ]
        if let result = run.row.result {
            tags["medsweep.worker"] = result.worker
            tags["medsweep.host"] = result.host
            tags["medsweep.device"] = result.engine.platform.device
            tags["medsweep.engine"] = result.engine.description
            // What MLflow shows as the run's description.
            if !result.notes.isEmpty { tags["mlflow.note.content"] = result.notes.joined(separator: "\n") }
        }
        return tags
    }

    /// MLflow's numbers: 1 running, 2 scheduled, 3 finished, 4 failed, 5 killed.
    private func status(_ state: JobState) -> String {
        switch state {
        case .leased: "1"
        case .pending: "2"
        case .done: "3"
        case .quarantined: "4"
        case .cancelled: "5"
        }
    }

    private func milliseconds(_ seconds: Double) -> String { "\(Int((seconds * 1000).rounded()))" }

    private func file(_ path: String, _ text: String) -> (path: String, data: Data) { (path: path, data: Data(text.utf8)) }

    private func yaml(_ members: [String: String]) -> String {
        members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }.joined()
    }

    /// A text of JSON, which is one of YAML too.
    private func quoted(_ text: String) -> String { Setting.text(text).canonicalJSON }
}
