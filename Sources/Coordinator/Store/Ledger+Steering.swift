import Foundation
import Sweep
import Wire

/// What operators do to sweeps, jobs and workers.
extension Ledger {
    /// A job by its identity, or by the first eight or more digits of it if no other job begins so.
    func resolve(_ prefix: String) throws -> String {
        guard prefix.utf8.count < 64 else { return prefix }
        guard prefix.utf8.count >= 8, prefix.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            throw StoreError.unknownJob(prefix)
        }
        // 'g' comes behind every hexadecimal digit, in either database's order of plain ASCII.
        let found = try connection.rows(
            "SELECT identity FROM jobs WHERE identity >= ? AND identity < ? ORDER BY identity LIMIT 2",
            [.text(prefix), .text(prefix + "g")])
        guard let first = found.first else { throw StoreError.unknownJob(prefix) }
        guard found.count == 1 else { throw StoreError.ambiguousJob(prefix) }
        return first.text(0)
    }

    func control(job prefix: String, _ request: ControlRequest) throws -> ControlResponse {
        var entry = try entry(resolve(prefix))
        if request.action == .prioritise { return try boost(entry, request) }
        if request.action == .retry, entry.stored.isFinal,
            try connection.row("SELECT 1 FROM sweep_jobs WHERE job = ? LIMIT 1", [.integer(entry.id)]) == nil
        {
            throw StoreError.senseless("no sweep asks for this job any more; submit one that does")
        }
        guard try apply(request.action, to: &entry) else { return ControlResponse(changed: 0) }
        log(Self.past(request.action), who: request.who, job: entry.id, sweep: entry.sweep)
        return ControlResponse(changed: 1)
    }

    private func boost(_ entry: JobEntry, _ request: ControlRequest) throws -> ControlResponse {
        let priority = try Self.priority(request)
        let changed = try connection.run(
            "UPDATE jobs SET boost = ? WHERE id = ? AND boost <> ?", [.int(priority), .integer(entry.id), .int(priority)])
        guard changed > 0 else { return ControlResponse(changed: 0) }
        try connection.run("UPDATE sweeps SET boosted = 1 WHERE id = ?", [.integer(entry.sweep)])
        forgetSweeps()
        log("priority changed by \(priority)", who: request.who, job: entry.id, sweep: entry.sweep)
        return ControlResponse(changed: 1)
    }

    /// Does what is asked to a job, and writes it. A retry takes what shares its training along.
    /// - Returns: whether that changed anything.
    func apply(_ action: ControlRequest.Action, to entry: inout JobEntry) throws -> Bool {
        let isChanged: Bool
        switch action {
        case .pause: isChanged = rules.pause(&entry.record, true)
        case .resume: isChanged = rules.pause(&entry.record, false)
        case .cancel: isChanged = rules.cancel(&entry.record)
        case .retry:
            let isStuck = try isStuck(entry)
            // From its beginning, since nobody goes on from there.
            if isStuck { entry.record.checkpoint = nil }
            if try retry(&entry) { return true }
            isChanged = isStuck
        case .prioritise: isChanged = false
        }
        if isChanged { try save(entry) }
        return isChanged
    }

    /// What needs one statement, however large the sweep: pausing, resuming and its priority. ``ControlRequest/Action/cancel``
    /// and ``ControlRequest/Action/retry`` go on with ``control(_:sweep:after:limit:now:)``.
    func control(sweep name: String, _ request: ControlRequest) throws -> (id: Int64, ControlResponse) {
        let sweep = try sweep(named: name)
        var changed = 0
        switch request.action {
        case .pause, .resume:
            let isPaused = request.action == .pause
            changed = try connection.run(
                "UPDATE sweeps SET paused = ? WHERE id = ? AND paused <> ?",
                [.flag(isPaused), .integer(sweep.id), .flag(isPaused)])
        case .prioritise:
            let priority = try Self.priority(request)
            changed = try connection.run(
                "UPDATE sweeps SET priority = ? WHERE id = ? AND priority <> ?",
                [.int(priority), .integer(sweep.id), .int(priority)])
        case .cancel, .retry: return (sweep.id, ControlResponse(changed: 0))
        }
        guard changed > 0 else { return (sweep.id, ControlResponse(changed: 0)) }
        forgetSweeps()
        let open = try counter(sweep.id, .pending) + counter(sweep.id, .leased)
        let detail = request.action == .prioritise ? "priority set to \(request.priority ?? 0)" : Self.past(request.action)
        log(detail, who: request.who, sweep: sweep.id)
        if request.action != .pause { isWaking = true }
        return (sweep.id, ControlResponse(changed: max(open, 1)))
    }

    /// Cancels or retries a batch of a sweep's jobs. Jobs that other sweeps ask for too are left to those when cancelling.
    /// - Parameter after: the number of the last job looked at.
    func control(
        _ action: ControlRequest.Action, sweep: Int64, after: Int64, limit: Int = 500
    ) throws -> (changed: Int, next: Int64?) {
        let states = action == .cancel ? "('pending', 'leased', 'quarantined')" : "('quarantined', 'cancelled', 'pending')"
        let rows = try connection.rows(
            """
            SELECT sweep_jobs.job, jobs.state IN \(states) AND (jobs.state <> 'pending' OR \(action == .cancel ? "1 = 1" : "jobs.ready = 0"))
            FROM sweep_jobs JOIN jobs ON jobs.id = sweep_jobs.job
            WHERE sweep_jobs.sweep = ? AND sweep_jobs.job > ? ORDER BY sweep_jobs.job LIMIT ?
            """,
            [.integer(sweep), .integer(after), .int(limit)])
        var changed = 0
        // Those that wait for a training come after the one that trains: backwards nobody is made to train only to be cancelled.
        for row in action == .cancel ? rows.reversed() : rows where row.flag(1) {
            var entry = try entry(row.integer(0))
            if action == .cancel, entry.holders > 1 {
                if entry.sweep == sweep, let other = try connection.row(
                    "SELECT sweep, position FROM sweep_jobs WHERE job = ? AND sweep <> ? ORDER BY sweep",
                    [.integer(entry.id), .integer(sweep)])
                {
                    try rule(&entry, by: other.integer(0), position: other.int(1))
                }
                continue
            }
            if try apply(action, to: &entry) { changed += 1 }
        }
        return (changed, rows.count == limit ? rows.last?.integer(0) : nil)
    }

    /// Puts a batch's outcome on record.
    func logControl(_ request: ControlRequest, sweep: Int64, changed: Int) {
        guard changed > 0 else { return }
        log("\(Self.past(request.action)): \(changed == 1 ? "1 job" : "\(changed) jobs")", who: request.who, sweep: sweep)
    }

    func control(worker name: String, _ request: ControlRequest) throws -> ControlResponse {
        guard request.action == .pause || request.action == .resume else {
            throw StoreError.senseless("a worker can be paused and resumed, nothing else")
        }
        let instances = try instances(name)
        let isPaused = request.action == .pause
        var (changed, jobs) = (0, 0)
        for instance in instances {
            changed += try connection.run(
                "UPDATE workers SET paused = ? WHERE instance = ? AND paused <> ?", [.flag(isPaused), .text(instance), .flag(isPaused)])
            jobs += try connection.row("SELECT count(*) FROM jobs WHERE state = 'leased' AND instance = ?", [.text(instance)])!.int(0)
        }
        guard changed > 0 else { return ControlResponse(changed: 0) }
        forgetPauses()
        log("worker \(name) \(Self.past(request.action))", who: request.who)
        if !isPaused { isWaking = true }
        return ControlResponse(changed: max(1, jobs))
    }

    /// All workers of a name, or the one whose instance begins with these eight or more digits.
    private func instances(_ name: String) throws -> [String] {
        let named = try connection.rows("SELECT instance FROM workers WHERE name = ? ORDER BY instance", [.text(name)]).map { $0.text(0) }
        if !named.isEmpty { return named }
        guard name.utf8.count >= 8 else { throw StoreError.unknownWorker(name) }
        let found = try connection.rows(
            "SELECT instance FROM workers WHERE instance >= ? AND instance < ? ORDER BY instance LIMIT 2", [.text(name), .text(name + "g")])
        guard let first = found.first else { throw StoreError.unknownWorker(name) }
        guard found.count == 1 else { throw StoreError.senseless("several workers' instances begin with '\(name)'; give more digits") }
        return [first.text(0)]
    }

    private static func priority(_ request: ControlRequest) throws -> Int {
        guard let priority = request.priority, RequestBounds.priority.contains(priority) else {
            throw StoreError.senseless("a priority is a whole number from -1000 to 1000")
        }
        return priority
    }

    private static func past(_ action: ControlRequest.Action) -> String {
        switch action {
        case .pause: "paused"
        case .resume: "resumed"
        case .cancel: "cancelled"
        case .retry: "sent back into the queue"
        case .prioritise: "prioritised"
        }
    }
}
