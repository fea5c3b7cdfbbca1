import Foundation
import Sweep
import Wire

/// How sweeps stand, on one screen: what failed first, then what runs, then who works.
struct StatusScreen {
    let statuses: [SweepStatus]
    let workers: [WorkerStatus]
    /// Seconds since 1970.
    let now: Double
    /// What stands in the way of news, if anything does.
    var remark: String?

    /// What a line is about.
    enum Tone {
        case plain, title, good, bad, quiet

        /// What a terminal is told before the line.
        var code: String {
            switch self {
            case .plain: ""
            case .title: "\u{1B}[1m"
            case .good: "\u{1B}[32m"
            case .bad: "\u{1B}[31m"
            case .quiet: "\u{1B}[2m"
            }
        }
    }

    struct Line: Hashable {
        let text: String
        var tone = Tone.plain
    }

    /// At most `height` lines of at most `width` characters. Where there is no room for everything, sweeps go before failures,
    /// those before what waits in vain and what runs, and workers come last; what is left out is counted.
    func lines(width: Int, height: Int) -> [Line] {
        var lines = [Line(text: title, tone: .title)]
        if let remark { lines.append(Line(text: remark.oneLine, tone: .bad)) }
        lines += Self.part(nil, statuses.map { Line(text: sweep($0, width: width), tone: $0.isFinished ? .good : .plain) }, room: height - lines.count)
        let failing = statuses.flatMap(\.failing).map { job in
            Line(text: "  \(Self.name(job.method, job.dataset, job.seed, job.identity)): \(job.error.oneLine)", tone: .bad)
        }
        // A long list of failures leaves room to see that something runs.
        lines += Self.part("failed for good", failing, room: min(height - lines.count, max(4, height / 3)))
        let waiting = statuses.flatMap { status in StatusText.obstacles(status).map { Line(text: "  \(status.name): \($0)", tone: .bad) } }
        lines += Self.part("waiting for what no worker has", waiting, room: min(height - lines.count, max(4, height / 4)))
        lines += Self.part("running", running, room: height - lines.count)
        lines += Self.part("workers", workers.map(worker), room: height - lines.count)
        return lines.prefix(height).map { Line(text: String($0.text.prefix(width)), tone: $0.tone) }
    }

    /// The lines as a terminal is to show them in place of what it shows.
    static func drawn(_ lines: [Line], hasColors: Bool) -> String {
        // Each line is cleared behind its end, and the rest of the screen at last: cleared first, it would flicker.
        "\u{1B}[H" + lines.map { line in
            let isColored = hasColors && line.tone != .plain
            return (isColored ? "\(line.tone.code)\(line.text)\u{1B}[0m" : line.text) + "\u{1B}[K"
        }.joined(separator: "\r\n") + "\u{1B}[J"
    }

    private var title: String {
        let here = workers.filter { now - $0.seen < 60 }.count
        let names = "\(statuses.count == 1 ? "1 sweep" : "\(statuses.count) sweeps"), \(here == 1 ? "1 worker" : "\(here) workers")"
        return "medsweep: \(names), \(LocalTime.text(now))"
    }

    /// A heading with lines below it, cut to the room there is.
    private static func part(_ heading: String?, _ lines: [Line], room: Int) -> [Line] {
        let head = heading.map { [Line(text: ""), Line(text: $0, tone: .title)] } ?? []
        guard !lines.isEmpty, room > head.count else { return [] }
        let left = room - head.count
        guard lines.count > left else { return head + lines }
        return head + lines.prefix(left - 1) + [Line(text: "  … and \(lines.count - left + 1) more", tone: .quiet)]
    }

    /// `demo (paused)  [######------]  43 %  12/28 done  2 running  1 failed  about 1 min 10 s left, 12 jobs/h`
    private func sweep(_ status: SweepStatus, width: Int) -> String {
        let longest = min(32, statuses.map { $0.name.count }.max() ?? 0)
        var parts = [
            TextColumns.pad(StatusText.name(status), to: longest), StatusText.bar(status.progress, width: width < 100 ? 12 : 24),
            StatusText.percent(status.progress),
        ] + StatusText.counts(status)
        if status.isFinished {
            parts.append("finished")
        } else if status.isStalled {
            parts.append("stopped by limits.max_failed")
        } else if let remaining = status.remaining {
            let left = Double(status.jobs[.pending, default: 0] + status.jobs[.leased, default: 0])
            let rate = remaining > 0 ? ", \(Self.rate(left / remaining))" : ""
            parts.append("about \(Terminal.duration(remaining)) left\(rate)")
        }
        return parts.joined(separator: "  ")
    }

    private var running: [Line] {
        let jobs = statuses.flatMap(\.running)
        var seen: Set<String> = []
        let rows = jobs.filter { seen.insert($0.identity).inserted }.map { job -> [String] in
            let progress = job.progress
            return [
                "  \(Self.name(job.method, job.dataset, job.seed, job.identity))", StatusText.bar(progress?.share ?? 0, width: 10),
                progress?.summary.oneLine ?? "starting", progress?.loss.map { "loss \(String(format: "%.4g", $0))" } ?? "",
                progress.flatMap { progress in progress.speed.map { "\(Int($0.rounded())) \(progress.unit.oneLine)/s" } } ?? "",
                "on \(job.worker.oneLine)",
            ]
        }
        return TextColumns.lines(rows).map { Line(text: $0) }
    }

    private func worker(_ worker: WorkerStatus) -> Line {
        let jobs = statuses.flatMap(\.running).filter { $0.worker == worker.description.name }
        let work = worker.isPaused ? "paused" : jobs.first.map { "\($0.method) on \($0.dataset)" } ?? (worker.jobs > 0 ? "working" : "waiting")
        let more = jobs.count > 1 ? " and \(jobs.count - 1) more" : ""
        let about = worker.description
        return Line(
            text: "  \(about.name.oneLine)  \(about.platform.device.oneLine)  \(work)\(more)  heard of \(LocalTime.ago(worker.seen, now: now))",
            tone: now - worker.seen < 60 ? .plain : .quiet)
    }

    private static func name(_ method: String, _ dataset: String, _ seed: Int, _ identity: String) -> String {
        "\(method) on \(dataset), seed \(seed) (\(JobReference.short(identity)))"
    }

    /// `12 jobs/h`, `3.5 jobs/min`.
    private static func rate(_ perSecond: Double) -> String {
        let perHour = perSecond * 3600
        return perHour >= 120 ? String(format: "%.1f jobs/min", perHour / 60) : String(format: "%.1f jobs/h", perHour)
    }
}
