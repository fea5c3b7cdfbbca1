import Foundation
import Sweep
import Wire

/// Everything about a job, in words.
struct JobText {
    let detail: JobDetail
    /// Seconds since 1970.
    let now: Double
    /// Every attempt's log instead of the last failed one's.
    var allLogs = false
    var zone = TimeZone.current

    var full: String {
        let job = detail.job
        let settings = job.configuration.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)".oneLine }
        var rows = [
            ["job", detail.identity],
            ["method", job.method], ["data set", "\(job.dataset.oneLine), content \(JobReference.short(job.fingerprint))"],
            ["seed", "\(job.seed)"], ["settings", settings.joined(separator: " ")],
            ["sweeps", detail.sweeps.isEmpty ? "none" : detail.sweeps.map(\.oneLine).joined(separator: ", ")],
            ["state", state],
        ]
        if let checkpoint = detail.record.checkpoint { rows.append(["checkpoint", "at work \(checkpoint.work), made on \(checkpoint.engine)".oneLine]) }
        if let result = detail.result { rows += self.rows(of: result) }
        var lines = TextColumns.lines(rows)
        lines += detail.attempts.enumerated().map { attempt($1, number: $0 + 1) }
        for (number, attempt) in logs {
            lines.append("log of attempt \(number):")
            lines += (attempt.logTail ?? "").plainLines.map { "  \($0)" }
        }
        if allLogs, logs.isEmpty { lines.append("no attempt has left a log") }
        return lines.joined(separator: "\n")
    }

    private var state: String {
        let record = detail.record
        var parts = [record.state.rawValue]
        if record.isPaused { parts.append("paused") }
        if record.state == .leased {
            if let hold = record.hold { parts.append("on \(hold.worker.oneLine)") }
            parts.append(detail.progress?.summary.oneLine ?? "starting")
        }
        if record.state == .pending, record.isAwaitingTraining {
            parts.append("until the weights are trained that it scores")
        } else if record.state == .pending, record.notBefore > now {
            parts.append("not before \(LocalTime.text(record.notBefore, zone: zone))")
        }
        if record.lostLeases > 0 {
            parts.append(record.lostLeases == 1 ? "1 lease lost with its worker" : "\(record.lostLeases) leases lost with their workers")
        }
        if record.failedAttempts > 0 {
            parts.append(record.failedAttempts == 1 ? "1 attempt failed" : "\(record.failedAttempts) attempts failed")
        }
        return parts.joined(separator: ", ")
    }

    private func rows(of result: JobResult) -> [[String]] {
        let metrics = result.metrics.sorted { $0.key < $1.key }.map { "\($0.key)=\(String(format: "%.5g", $0.value))".oneLine }
        return [
            ["result", metrics.joined(separator: " ")],
            [
                "cost",
                "\(Terminal.duration(result.trainingSeconds)) of training, \(ByteSize.text(result.peakMemory)) of memory, on \(result.worker.oneLine)",
            ],
            ["engine", "\(result.engine)".oneLine],
        ] + result.notes.map { ["note", $0.oneLine] }
    }

    /// `attempt 2  2026-01-02 15:04:05  on host-4711: failed after 12 s by signal 9: the process was killed`
    private func attempt(_ attempt: JobDetail.Attempt, number: Int) -> String {
        var text = "attempt \(number)  \(LocalTime.text(attempt.started, zone: zone))  on \(attempt.worker.oneLine): "
        text += attempt.outcome?.oneLine ?? "running"
        if let ended = attempt.ended { text += " after \(Terminal.duration(max(0, ended - attempt.started)))" }
        if let signal = attempt.signal { text += " by signal \(signal)" }
        if let error = attempt.error { text += ": \(error.oneLine)" }
        return text
    }

    /// The attempts whose logs are shown, with their numbers.
    private var logs: [(Int, JobDetail.Attempt)] {
        let withLog = detail.attempts.enumerated().map { ($0 + 1, $1) }.filter { $1.logTail?.plainLines.isEmpty == false }
        return allLogs ? withLog : withLog.filter { $0.1.outcome == "failed" }.suffix(1)
    }
}
