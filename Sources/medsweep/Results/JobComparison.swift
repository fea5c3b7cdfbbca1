import Foundation
import Wire

/// Two jobs' settings, metrics and artefacts side by side.
struct JobComparison: Encodable {
    struct Setting: Encodable {
        let name: String
        let first: String?
        let second: String?
    }

    struct Metric: Encodable {
        let name: String
        let first: Double?
        let second: Double?
        /// The second less the first.
        let difference: Double?
    }

    struct File: Encodable {
        let name: String
        /// `equal`, `different`, `first` or `second`: by SHA-256, or the only one that has it.
        let outcome: String
    }

    let first: String
    let second: String
    /// Those that differ.
    let settings: [Setting]
    /// What decided the last digits, where that differs: equal jobs give equal bits within one class only.
    let engine: Setting?
    let metrics: [Metric]
    let artefacts: [File]

    init(_ first: JobDetail, _ second: JobDetail) {
        self.first = first.identity
        self.second = second.identity
        let known = [first, second].map { detail -> [String: String] in
            detail.job.parameters.mapValues { "\($0)" }.merging(["core version": "\(detail.job.coreVersion)"]) { option, _ in option }
        }
        settings = Set(known[0].keys).union(known[1].keys).sorted().filter { known[0][$0] != known[1][$0] }
            .map { Setting(name: $0, first: known[0][$0], second: known[1][$0]) }
        let engines = [first, second].map { $0.result?.engine }
        let isMixed = engines[0] != nil && engines[1] != nil && engines[0] != engines[1]
        engine = isMixed ? Setting(name: "engine class", first: engines[0]?.description, second: engines[1]?.description) : nil
        let values = [first, second].map { $0.result?.metrics ?? [:] }
        metrics = Set(values[0].keys).union(values[1].keys).sorted().map { name in
            let one = values[0][name], two = values[1][name]
            return Metric(name: name, first: one, second: two, difference: one.flatMap { one in two.map { $0 - one } })
        }
        let files = [first, second].map { detail in
            Dictionary((detail.result?.artefacts ?? []).map { ($0.name, $0.sha256) }) { first, _ in first }
        }
        artefacts = Set(files[0].keys).union(files[1].keys).sorted().map { name in
            switch (files[0][name], files[1][name]) {
            case (let one?, let two?): File(name: name, outcome: one == two ? "equal" : "different")
            case (_?, nil): File(name: name, outcome: "first")
            default: File(name: name, outcome: "second")
            }
        }
    }

    var text: String {
        var rows = [["", JobReference.short(first), JobReference.short(second)]]
        rows += (settings + (engine.map { [$0] } ?? [])).map { [$0.name.oneLine, ($0.first ?? "–").oneLine, ($0.second ?? "–").oneLine] }
        rows += metrics.map { metric in
            func word(_ value: Double?, _ format: String) -> String { value.map { String(format: format, $0) } ?? "–" }
            return [metric.name.oneLine, word(metric.first, "%.5g"), word(metric.second, "%.5g")]
                + (metric.difference.map { [word($0, "%+.5g")] } ?? [])
        }
        rows += artefacts.map { file in
            let words = ["equal": "the same bytes", "different": "other bytes", "first": "only in the first", "second": "only in the second"]
            return [file.name.oneLine, words[file.outcome] ?? file.outcome]
        }
        let lines = TextColumns.lines(rows)
        return (settings.isEmpty ? lines + ["no setting differs"] : lines).joined(separator: "\n")
    }
}
