import Catalogue
import Sweep
import Wire

extension SweepStatus {
    /// Jobs that will not be tried again and have no result.
    var failedForGood: Int { jobs[.quarantined, default: 0] }

    /// Whether pending jobs are left that the sweep's own limit on failures keeps back.
    var isStalled: Bool {
        guard let most = policy.limits.maxFailed else { return false }
        return jobs[.quarantined, default: 0] >= most && jobs[.leased, default: 0] == 0
    }
}

/// How a sweep stands, in words.
enum StatusText {
    /// `demo (paused)  12/28 done  2 running  [######------]  43 %  about 1 min 10 s left`
    static func line(_ status: SweepStatus) -> String {
        var parts = [name(status)] + counts(status) + [bar(status.progress, width: 24), percent(status.progress)]
        if status.isFinished {
            parts.append("finished")
        } else {
            // Of one job there is more to say than its share.
            if status.running.count == 1, let progress = status.running[0].progress { parts.append(progress.summary) }
            if let remaining = status.remaining { parts.append("about \(Terminal.duration(remaining)) left") }
        }
        return parts.joined(separator: "  ")
    }

    /// `demo (paused)`
    static func name(_ status: SweepStatus) -> String {
        status.name + (status.isPaused ? " (paused)" : "") + (status.isExpanding ? " (submitting)" : "")
    }

    /// `12/28 done`, `2 running` and so on, as far as there are any.
    static func counts(_ status: SweepStatus) -> [String] {
        let rest = [
            (status.jobs[.leased, default: 0], "running"), (status.failedForGood, "failed"), (status.jobs[.cancelled, default: 0], "cancelled"),
        ]
        return ["\(status.jobs[.done, default: 0])/\(status.total) done"] + rest.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    }

    /// `[######------]`
    static func bar(_ share: Double, width: Int) -> String {
        let filled = min(width, max(0, Int((share * Double(width)).rounded(.down))))
        return "[\(String(repeating: "#", count: filled))\(String(repeating: "-", count: width - filled))]"
    }

    /// `43 %`
    static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded(.down))) %" }

    /// `vgg19-dcbb9e9d.pth`, or the name of weights that are not in the catalogue.
    static func file(_ weights: String) -> String {
        Catalogue.weights(weights)?.files[0].name ?? "the weights '\(weights.oneLine)'"
    }

    /// What no worker has that jobs need, one sentence each: `2 jobs: …`.
    static func obstacles(_ status: SweepStatus) -> [String] {
        (status.obstacles ?? []).map { "\(ControlText.jobs($0.jobs)): \($0.reason.oneLine)" }
    }

    /// The line, then what failed, waits and runs.
    static func full(_ status: SweepStatus) -> String {
        var lines = [line(status)]
        for job in status.failing {
            lines.append("  failed   \(job.method) on \(job.dataset), seed \(job.seed) (\(job.identity.prefix(12))): \(job.error.oneLine)")
        }
        for weights in status.weights ?? [] where !weights.isOffered {
            lines.append("  waiting  \(weights.jobs == 1 ? "1 job needs" : "\(weights.jobs) jobs need") \(file(weights.name)), which no worker has; `medsweep weights add FILE` there, then start the worker anew")
        }
        lines += obstacles(status).map { "  waiting  \($0)" }
        for job in status.running {
            let progress = job.progress?.summary ?? "starting"
            lines.append(
                "  running  \(job.method) on \(job.dataset), seed \(job.seed) (\(job.identity.prefix(12))): \(progress.oneLine), on \(job.worker.oneLine)")
        }
        return lines.joined(separator: "\n")
    }
}
