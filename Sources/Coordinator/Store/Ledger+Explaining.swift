import Catalogue
import Foundation
import Sweep
import Wire

extension Ledger {
    /// Why a job runs, waits, was reused or ended.
    func explain(_ prefix: String) throws -> Explanation {
        let detail = try job(prefix)
        let row = try connection.row(
            "SELECT sweep, class, boost, position FROM jobs WHERE identity = ?", [.text(detail.identity)])!
        let sweep = try sweep(row.integer(0))
        var reasons: [String]
        switch detail.record.state {
        case .done: reasons = try finished(detail)
        case .leased: reasons = runs(detail)
        case .pending: reasons = try waits(detail, in: sweep, row)
        case .quarantined: reasons = failed(detail, sweep)
        case .cancelled: reasons = try cancelled(detail)
        }
        if detail.record.state == .pending, let checkpoint = detail.record.checkpoint {
            reasons.append("it will go on from a checkpoint at \(checkpoint.work) units of work, made on \(checkpoint.engine.platform)")
        }
        return Explanation(
            identity: detail.identity, state: detail.record.state, reasons: reasons,
            nearest: detail.record.state == .done ? nil : try nearest(to: detail.job, but: detail.identity))
    }

    private func finished(_ detail: JobDetail) throws -> [String] {
        var reasons: [String] = []
        if let attempt = detail.attempts.last(where: { $0.outcome == "done" }) {
            reasons.append("attempt \(attempt.token) on \(attempt.worker) finished it\(Self.clock(attempt.ended))")
        }
        for name in detail.sweeps {
            let submitted = try connection.row("SELECT submitted FROM sweeps WHERE name = ?", [.text(name)])?.real(0) ?? 0
            if let ended = detail.attempts.last(where: { $0.outcome == "done" })?.ended, ended < submitted {
                reasons.append("sweep '\(name)' asked for the same work later and reuses the result")
            }
        }
        return reasons + (detail.result?.notes ?? [])
    }

    private func cancelled(_ detail: JobDetail) throws -> [String] {
        let replacement = try connection.row(
            "SELECT identity FROM jobs WHERE id = (SELECT replaced_by FROM jobs WHERE identity = ?)", [.text(detail.identity)])
        if let replacement {
            return ["it ran out of memory, and \(replacement.text(0).prefix(12)) runs in its place with smaller batches, as `on_out_of_memory` says"]
        }
        if detail.sweeps.isEmpty { return ["it was cancelled, and no sweep asks for it any more; submit one that does to run it"] }
        return ["it was cancelled; `medsweep retry \(detail.identity.prefix(12))` sends it back into the queue"]
    }

    private func runs(_ detail: JobDetail) -> [String] {
        guard let hold = detail.record.hold else { return [] }
        var reasons = ["\(hold.worker) holds it under token \(detail.record.token); the lease runs out in \(max(0, Int(hold.expires - now))) s unless the worker is heard of"]
        if let progress = detail.progress { reasons.append(progress.summary) }
        if detail.record.isPaused { reasons.append("it is being paused: its worker writes a checkpoint and hands it back") }
        return reasons
    }

    private func failed(_ detail: JobDetail, _ sweep: SweepRow) -> [String] {
        let retry = sweep.policy.policy.retry
        var reasons: [String] = []
        if detail.record.isAwaitingTraining {
            reasons.append("the job that trained for it failed for good, and it with that")
        } else if detail.record.lostLeases >= retry.maxLost {
            reasons.append("its lease was lost with its worker \(detail.record.lostLeases) times, which is max_lost of sweep '\(sweep.name)'")
        } else if detail.record.failedAttempts >= retry.maxAttempts {
            reasons.append("\(detail.record.failedAttempts) attempts failed, which is max_attempts of sweep '\(sweep.name)'")
        } else {
            reasons.append("its last failure is of a kind that retry_on of sweep '\(sweep.name)' does not try again")
        }
        if let error = detail.attempts.last(where: { $0.error != nil })?.error { reasons.append("the last error: \(error)") }
        reasons.append("`medsweep retry \(detail.identity.prefix(12))` sends it back into the queue")
        return reasons
    }

    private func waits(_ detail: JobDetail, in sweep: SweepRow, _ row: SQLRow) throws -> [String] {
        var reasons: [String] = []
        let (record, policy) = (detail.record, sweep.policy.policy)
        if record.isPaused { reasons.append("it is paused; `medsweep resume \(detail.identity.prefix(12))` lets it go on") }
        if sweep.isPaused { reasons.append("sweep '\(sweep.name)' is paused; `medsweep resume \(sweep.name)` lets it go on") }
        if record.isAwaitingTraining {
            reasons.append(try waitsForTraining(detail))
        } else if record.notBefore > now {
            let failures = record.failedAttempts == 1 ? "1 failed attempt" : "\(record.failedAttempts) failed attempts"
            reasons.append("it sits out a backoff of another \(Int((record.notBefore - now).rounded(.up))) s after \(failures)")
            if let error = detail.attempts.last(where: { $0.error != nil })?.error { reasons.append("the last error: \(error)") }
        }
        if let most = policy.limits.maxFailed, try counter(sweep.id, .quarantined) >= most {
            reasons.append("\(most) jobs of sweep '\(sweep.name)' failed for good, which is its limits.max_failed")
        }
        if let most = policy.limits.parallel, try counter(sweep.id, .leased) >= most {
            reasons.append("\(most) jobs of sweep '\(sweep.name)' run, which is its limits.parallel")
        }
        reasons += try waitsForPlatform(detail, policy)
        reasons += try unmet(detail, policy)
        guard reasons.isEmpty else { return reasons }
        let ahead = try connection.row(
            """
            SELECT count(*) FROM (SELECT 1 FROM jobs WHERE ready = 1 AND sweep = ? AND (boost > ? OR (boost = ? AND position < ?)) LIMIT 10000) AS ahead
            """,
            [.integer(sweep.id), .int(row.int(2)), .int(row.int(2)), .int(row.int(3))])!.int(0)
        reasons.append(
            ahead == 0
                ? "it is the next of sweep '\(sweep.name)' (priority \(sweep.priority)); no worker has asked for work since"
                : "\(ahead == 10_000 ? "10000 or more" : "\(ahead)") jobs of sweep '\(sweep.name)' (priority \(sweep.priority)) go before it")
        return reasons
    }

    private func waitsForTraining(_ detail: JobDetail) throws -> String {
        let trainer = try connection.row(
            """
            SELECT identity, state FROM jobs WHERE training = (SELECT training FROM jobs WHERE identity = ?)
            AND awaiting = 0 AND state IN ('pending', 'leased') ORDER BY id LIMIT 1
            """,
            [.text(detail.identity)])
        guard let trainer else { return "it waits for weights that no job trains; `medsweep resume` or `retry` one that is to train them" }
        return "it scores the weights of job \(trainer.text(0).prefix(12)), which is \(trainer.text(1))"
    }

    /// What its checkpoint's platform has to do with it.
    private func waitsForPlatform(_ detail: JobDetail, _ policy: SweepPolicy) throws -> [String] {
        guard let checkpoint = detail.record.checkpoint else { return [] }
        let platform = checkpoint.engine.platform
        guard try !presentWorkers().contains(where: { $0.description.platform == platform }) else { return [] }
        if policy.isExact {
            return ["it goes on only on \(platform), as the sweep says `exact: true`; start such a worker, or `medsweep retry \(detail.identity.prefix(12))` starts it from its beginning"]
        }
        return []
    }

    /// What no worker heard of in the last two minutes has.
    private func unmet(_ detail: JobDetail, _ policy: SweepPolicy) throws -> [String] {
        let workers = try presentWorkers()
        guard !workers.isEmpty else { return ["no worker has been heard of in the last two minutes"] }
        let job = detail.job
        let needs = PlacementNeeds(JobClass(job), policy)
        var lacks: [String] = []
        for worker in workers {
            let about = worker.description
            var missing = policy.requires.unmet(by: about) + needs.lacksRoom(about)
            switch about.datasets[job.dataset]?.fingerprint {
            case nil: missing.append("lacks the data set '\(job.dataset)'")
            case job.fingerprint: break
            case let other?: missing.append("has other content under '\(job.dataset)' (\(other.prefix(12)), not \(job.fingerprint.prefix(12)))")
            }
            for name in needs.kind.weights where !about.weights.contains(name) && !policy.requires.weights.contains(name) {
                missing.append("lacks the weights '\(name)'")
            }
            if !about.methods.contains(job.method) { missing.append("does not know the method '\(job.method)'") }
            if about.coreVersion != job.coreVersion {
                missing.append("has version \(about.coreVersion) of the training core, not \(job.coreVersion)")
            }
            if worker.isPaused { missing.append("is paused") }
            if missing.isEmpty { return [] }
            lacks.append("worker \(about.name) \(missing.joined(separator: ", "))")
        }
        let shown = lacks.prefix(5).joined(separator: "; ") + (lacks.count > 5 ? "; and \(lacks.count - 5) more" : "")
        let obstacle = needs.obstacle(among: workers.map(\.description)).map { [$0.sentence] } ?? []
        return obstacle + ["no worker can do it: \(shown)"] + Set(needs.kind.weights + policy.requires.weights).sorted()
            .filter { name in !workers.contains { $0.description.weights.contains(name) } }
            .compactMap { Catalogue.weights($0).map { "it needs \($0.files[0].name), which no worker has; `medsweep weights add FILE` there, then start the worker anew" } }
    }

    /// The finished job of the same method and data set that differs in the fewest settings.
    private func nearest(to job: JobDescription, but identity: String) throws -> Explanation.Nearest? {
        let rows = try connection.rows(
            """
            SELECT identity, job FROM jobs WHERE state = 'done'
            AND class IN (SELECT id FROM classes WHERE method = ? AND dataset = ?) AND identity <> ? LIMIT 2000
            """,
            [.text(job.method), .text(job.dataset), .text(identity)])
        var best: Explanation.Nearest?
        for row in rows {
            let other: JobDescription = try WireCoding.decode(from: Data(row.text(1).utf8))
            let differences = Self.differences(job, other)
            if differences.count < best?.differences.count ?? .max {
                best = .init(identity: row.text(0), differences: differences)
            }
        }
        return best
    }

    /// Which parts of the identity differ, e.g. `epochs: 20 here, 40 there`.
    static func differences(_ here: JobDescription, _ there: JobDescription) -> [String] {
        var result: [String] = []
        func compare(_ name: String, _ one: String?, _ other: String?) {
            if one != other { result.append("\(name): \(one ?? "nothing") here, \(other ?? "nothing") there") }
        }
        compare("method", here.method, there.method)
        compare("dataset", here.dataset, there.dataset)
        compare("content of \(here.dataset)", String(here.fingerprint.prefix(12)), String(there.fingerprint.prefix(12)))
        compare("seed", "\(here.seed)", "\(there.seed)")
        compare("core version", "\(here.coreVersion)", "\(there.coreVersion)")
        for name in Set(here.configuration.keys).union(there.configuration.keys).sorted() {
            compare(name, here.configuration[name].map { "\($0)" }, there.configuration[name].map { "\($0)" })
        }
        return result
    }

    private static func clock(_ time: Double?) -> String {
        time.map { " at \(Date(timeIntervalSince1970: $0).formatted(.iso8601))" } ?? ""
    }
}
