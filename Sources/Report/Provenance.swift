import Catalogue
import Foundation
import Sweep
import Wire

/// Where every number comes from: policy, code version, data, machines and all jobs.
struct Provenance {
    let report: SweepReport

    var html: String {
        """
        <section><h2>Provenance</h2><dl class="facts">\(facts.map { "<dt>\(HTML.escaped($0))</dt><dd>\(HTML.escaped($1))</dd>" }.joined())</dl>
        \(file)
        <details><summary>All \(report.jobs.count) jobs</summary><div class="scroll"><table class="jobs"><thead><tr>\(Self.header.map { "<th>\($0)</th>" }.joined())</tr></thead>
        <tbody>\(report.jobs.map(row).joined())</tbody></table></div></details></section>
        """
    }

    /// The sweep file with what was added to it on the command line: with the same data the same jobs come out of them.
    private var file: String {
        guard let source = report.source else { return "" }
        let overrides = source.overrides.isEmpty
            ? "" : "<p>Overrides: \(source.overrides.map { "<code>\(HTML.escaped($0))</code>" }.joined(separator: " "))</p>"
        return """
            <details><summary>The sweep file, \(HTML.escaped(source.file))</summary>\(overrides)<pre>\(HTML.escaped(source.source))</pre></details>
            """
    }

    private var facts: [(String, String)] {
        let policy = report.status.policy
        let results = report.jobs.compactMap(\.result)
        func distinct(_ values: [String]) -> String { values.isEmpty ? "none yet" : Set(values).sorted().joined(separator: "; ") }
        var requires = ["device \(policy.requires.device)"]
        if let threads = policy.requires.threads { requires.append(threads == 1 ? "1 thread" : "\(threads) threads") }
        if let memory = policy.requires.memory { requires.append("\(ByteSize.text(memory)) of memory") }
        if let memory = policy.requires.gpuMemory { requires.append("\(ByteSize.text(memory)) of a GPU's memory") }
        if !policy.requires.tags.isEmpty { requires.append("tags \(policy.requires.tags.joined(separator: ", "))") }
        if !policy.requires.weights.isEmpty { requires.append("weights \(policy.requires.weights.joined(separator: ", "))") }
        let checkpoint = switch policy.checkpoint {
        case .epochs(let count): "\(count) epochs"
        case .seconds(let seconds): "\(Int(seconds)) s"
        }
        return [
            ("Sweep", "\(report.status.name), submitted \(Date(timeIntervalSince1970: report.status.submitted).formatted(.iso8601)), priority \(policy.priority)"),
            ("Requires", requires.joined(separator: ", ")),
            ("Retries", "at most \(policy.retry.maxAttempts) attempts after \(policy.retry.retryOn.map(\.rawValue).sorted().joined(separator: ", ")), \(Int(policy.retry.backoffMinimum)) s to \(Int(policy.retry.backoffMaximum)) s apart"),
            ("Limits", "\(policy.limits.parallel.map { "\($0) jobs at once" } ?? "any number of jobs at once"), \(policy.limits.maxFailed.map { "stopped after \($0) failed jobs" } ?? "any number of failed jobs")"),
            ("Metric", "\(policy.metric.goal.rawValue) \(policy.metric.name)"),
            ("Checkpoints", "every \(checkpoint), \(policy.isExact ? "gone on from in their own engine class only" : "gone on from in another engine class where their own is gone")"),
            ("Core version", distinct(report.jobs.map { "\($0.job.coreVersion)" })),
            ("Data", distinct(report.jobs.map { "\($0.job.dataset), SHA-256 of its content \($0.job.fingerprint)" })),
            ("Engine classes", report.engines.isEmpty ? "none yet" : report.engines.joined(separator: "; ")),
            ("Machines", distinct(results.map { "\($0.host) (\($0.engine.platform.device))" })),
            ("Failed attempts", "\(report.jobs.reduce(0) { $0 + $1.failedAttempts })"),
            ("Wall time", HTMLPage.duration(results.reduce(0) { $0 + $1.wallSeconds }) + " over all jobs' last attempts"),
        ]
    }

    private static let header = [
        "method", "data set", "seed", "settings beside the defaults", "state", "wall time", "peak memory", "worker", "machine", "failures", "notes", "identity",
    ]

    private func row(_ row: JobRow) -> String {
        let result = row.result
        var fields = [
            Catalogue.title(ofMethod: row.job.method), Catalogue.title(ofDataset: row.job.dataset),
            String(row.job.seed), Self.settings(row.job), row.state.rawValue,
        ]
        if let result {
            fields += [String(format: "%.1f s", result.wallSeconds), "\(result.peakMemory >> 20) MiB"]
            fields += [result.worker, "\(result.host), \(result.engine)"]
        } else {
            fields += ["", "", "", ""]
        }
        fields += [String(row.failedAttempts), result?.notes.joined(separator: "; ") ?? ""]
        return "<tr>\(fields.map { "<td>\(HTML.escaped($0))</td>" }.joined())<td><code>\(HTML.escaped(row.identity))</code></td></tr>"
    }

    private static func settings(_ job: JobDescription) -> String {
        guard let method = Catalogue.method(job.method) else { return "" }
        let defaults = method.resolve([:], for: Catalogue.dataset(job.dataset) ?? .custom(job.dataset))
        return job.configuration.filter { defaults[$0.key] != $0.value }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }
}
