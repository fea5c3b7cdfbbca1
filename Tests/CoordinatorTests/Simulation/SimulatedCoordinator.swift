import Catalogue
import Foundation
import Sweep
import Wire

@testable import Coordinator

/// What workers ask a coordinator.
enum Call {
    /// `holding`: what the worker has, when an answer was lost.
    case lease(WorkerDescription, free: WorkerResources, holding: [String]?)
    case heartbeat(String, HeartbeatRequest)
    case checkpoint(String, CheckpointRequest)
    case result(String, ResultRequest)
    case failure(String, FailureRequest)
    case release(String, ReleaseRequest)

    /// The job and the token that it is about.
    var claim: (identity: String, token: Int64)? {
        switch self {
        case .lease: nil
        case .heartbeat(let identity, let request): (identity, request.token)
        case .checkpoint(let identity, let request): (identity, request.token)
        case .result(let identity, let request): (identity, request.token)
        case .failure(let identity, let request): (identity, request.token)
        case .release(let identity, let request): (identity, request.token)
        }
    }
}

enum Reply {
    case leases([LeasedJob])
    case action(LeaseRules.Action)
    case acknowledged(Acknowledgement)
    case refused
}

/// A promise that was broken.
struct Violation: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The real store over a database in memory, one transaction at a time, with an eye on every change.
final class SimulatedCoordinator {
    private let database: SQLiteDatabase
    private let rules: LeaseRules
    /// What a restart forgets.
    private var cache = StoreCache()
    private let leaseDuration: Double
    private let parallel: Int

    /// What has been promised to somebody.
    private var acknowledgedResults: [String: String] = [:]
    private var acknowledgedCheckpoints: [String: Int] = [:]
    private var newestTokens: [String: Int64] = [:]
    private var leasesGiven: Set<String> = []
    /// The worker that each newest token was given to.
    private var holders: [String: String] = [:]
    private(set) var identities: [String] = []
    /// What each job trains.
    private var trainings: [String: String] = [:]
    /// Trainings of which weights were acknowledged.
    private var acknowledgedWeights: Set<String> = []
    private(set) var calls = 0

    init(_ database: SQLiteDatabase, rules: LeaseRules, leaseDuration: Double, jobs: Int, parallel: Int) throws {
        self.database = database
        self.rules = rules
        self.leaseDuration = leaseDuration
        self.parallel = parallel
        let request = SubmitRequest(
            source: """
                sweep: simulated
                fixed: {epochs: 6}
                matrix: {method: [ae, ae-grad], dataset: [brain, rsna], seed: "range(0, \(jobs / 4))", batch_size: [64, 4096]}
                exclude: [{method: ae-grad, batch_size: 4096}]
                limits: {parallel: \(parallel)}
                retry: {max_attempts: 100, backoff: 2s..20s}
                """,
            file: "s", overrides: [], contents: ["brain": .init(fingerprint: "f"), "rsna": .init(fingerprint: "g")])
        let sweep = try SweepFile.parse(source: request.source, file: "s")
        try transaction { ledger in
            for table in ["events", "attempts", "result_files", "queues", "counters", "sweep_jobs", "jobs", "trainings", "classes", "sweeps", "workers"] {
                try ledger.connection.run("DELETE FROM \(table)", [])
            }
            let expansion = try ledger.beginSubmit(sweep, request, now: 0)
            let planned = Array(try sweep.jobs(contents: request.contents))
            _ = try ledger.add(planned, to: expansion, now: 0)
            try ledger.endSubmit(expansion, total: planned.count, new: planned.count, now: 0)
            identities = planned.map(\.identity)
            trainings = Dictionary(planned.map { ($0.identity, $0.trainingIdentity ?? "") }) { first, _ in first }
        }
    }

    private func transaction(_ body: (Ledger) throws -> Void) throws {
        try database.transaction { connection in
            let ledger = Ledger(connection, cache: cache, rules: rules)
            try body(ledger)
            try ledger.flush(database)
            ledger.committed()
        }
    }

    // MARK: Serving

    /// Takes calls in one transaction, as they queue up behind a real coordinator's writer.
    func take(_ calls: [Call], now: Double) throws -> [Reply] {
        var replies: [Reply] = []
        try transaction { ledger in
            replies = []
            for call in calls {
                do {
                    replies.append(try watch(call, ledger) { try self.reply(to: call, ledger, now: now) })
                } catch is StoreError {
                    replies.append(.refused)
                }
            }
        }
        for (call, reply) in zip(calls, replies) { try promised(call, reply) }
        self.calls += calls.count
        return replies
    }

    private func reply(to call: Call, _ ledger: Ledger, now: Double) throws -> Reply {
        switch call {
        case .lease(let worker, let free, let holding):
            .leases(try ledger.lease(to: worker, free: free, limit: 64, holding: holding, now: now, duration: leaseDuration).jobs)
        case .heartbeat(let identity, let request):
            .action(try ledger.heartbeat(identity, request, now: now, duration: leaseDuration))
        case .checkpoint(let identity, let request):
            .acknowledged(try ledger.checkpoint(identity, request, now: now).0)
        case .result(let identity, let request):
            .acknowledged(try ledger.complete(identity, request, text: Ledger.text(request.result), now: now).0)
        case .failure(let identity, let request):
            .acknowledged(try ledger.fail(identity, request, now: now, jitter: 0.5))
        case .release(let identity, let request):
            .acknowledged(try ledger.release(identity, request, now: now))
        }
    }

    func expire(now: Double) throws { try transaction { _ = try $0.expire(now: now) } }

    func restart(now: Double) throws {
        cache = StoreCache()
        try transaction { try $0.adoptLeases(until: now + leaseDuration) }
    }

    func control(_ action: ControlRequest.Action, job: String? = nil, worker: String? = nil, priority: Int? = nil, now: Double) throws {
        let request = ControlRequest(action: action, priority: priority, who: "operator")
        try transaction { ledger in
            if let job {
                _ = try ledger.control(job: job, request, now: now)
            } else if let worker {
                do { _ = try ledger.control(worker: worker, request, now: now) } catch StoreError.unknownWorker { return }
            } else {
                let (id, _) = try ledger.control(sweep: "simulated", request, now: now)
                _ = try ledger.settleShared(sweep: id, after: 0, now: now)
            }
        }
    }

    // MARK: Watching

    /// Compares a job before and after a call with what no call may do.
    private func watch(_ call: Call, _ ledger: Ledger, _ body: () throws -> Reply) throws -> Reply {
        guard let (identity, token) = call.claim else {
            let reply = try body()
            if case .leases(let jobs) = reply {
                if case .lease(_, var left, _) = call {
                    // What it was given before and does not know of may be more than it has left by its own account.
                    for job in jobs where try !isLost(job, call) && left.take(job.resources) == nil {
                        throw Violation("job \(job.identity.prefix(8)) was given to a worker that has no room for it")
                    }
                }
                var new = 0
                for job in jobs where try !isLost(job, call) {
                    guard job.token > newestTokens[job.identity, default: 0] else {
                        throw Violation("token \(job.token) of job \(job.identity.prefix(8)) was given out after \(newestTokens[job.identity]!)")
                    }
                    newestTokens[job.identity] = job.token
                    if case .lease(let worker, _, _) = call { holders[job.identity] = worker.name }
                    new += 1
                }
                // Who holds on to a job in spite of its lease may exceed the limit; nobody is given one beyond it.
                let running = try ledger.counter(ledger.sweep(named: "simulated").id, .leased)
                if running > parallel, new > 0 { throw Violation("\(running) jobs run, the limit is \(parallel)") }
            }
            return reply
        }
        let before = try ledger.entry(identity).record
        var reply = Reply.refused
        var refusal: StoreError?
        do { reply = try body() } catch let error as StoreError { refusal = error }
        let after = try ledger.entry(identity).record
        let name = identity.prefix(8)
        if after.token < before.token { throw Violation("the token of job \(name) went from \(before.token) to \(after.token)") }
        if before.resultToken != 0, after.resultToken != before.resultToken || after.state != .done {
            throw Violation("the result of job \(name) under token \(before.resultToken) was replaced by one under \(after.resultToken)")
        }
        let isStale = token < before.token
        if case .result = call {} else if isStale, after != before {
            throw Violation("a call under token \(token) changed job \(name), whose newest token is \(before.token): \(call)")
        }
        if after.state != .done, !after.isAwaitingTraining, let had = before.checkpoint, after.checkpoint.map({ $0.work < had.work }) ?? true {
            throw Violation("job \(name) had a checkpoint of \(had.work) and then one of \(after.checkpoint?.work ?? 0)")
        }
        if after.state == .leased, after.isAwaitingTraining { throw Violation("job \(name) runs, and waits for its training") }
        if after.failedAttempts > Int(after.token) { throw Violation("job \(name) has more failures than leases") }
        if let refusal { throw refusal }
        return reply
    }

    /// Whether a worker is handed a lease once more that it was given and does not know of.
    private func isLost(_ job: LeasedJob, _ call: Call) throws -> Bool {
        guard case .lease(let worker, _, let holding?) = call, holders[job.identity] == worker.name,
            job.token == newestTokens[job.identity]
        else { return false }
        if holding.contains(job.identity) { throw Violation("\(worker.name) was handed job \(job.identity.prefix(8)), which it has") }
        return true
    }

    /// Notes what a reply, or the commit before a reply that gets lost, has promised.
    private func promised(_ call: Call, _ reply: Reply) throws {
        switch (call, reply) {
        case (.lease, .leases(let jobs)):
            for job in jobs where try !leasesGiven.insert("\(job.identity)/\(job.token)").inserted && !isLost(job, call) {
                throw Violation("job \(job.identity.prefix(8)) was given out twice under token \(job.token)")
            }
        case (.result(let identity, let request), .acknowledged(let answer)) where answer.recorded:
            if acknowledgedResults[identity] == nil { acknowledgedResults[identity] = try Ledger.text(request.result) }
            if let training = trainings[identity] { acknowledgedWeights.insert(training) }
        case (.checkpoint(let identity, let request), .acknowledged):
            // It is the training's: another job may go on with it.
            let training = trainings[identity] ?? identity
            acknowledgedCheckpoints[training] = max(acknowledgedCheckpoints[training] ?? 0, request.checkpoint.work)
        default: break
        }
    }

    /// What must hold between any two steps.
    func check() throws {
        try database.transaction { connection in
            let ledger = Ledger(connection, cache: cache, rules: rules)
            let status = try ledger.status(of: "simulated")
            var counts: [JobState: Int] = [:]
            for row in try connection.rows("SELECT state, count(*) FROM jobs GROUP BY state", []) {
                counts[JobState(rawValue: row.text(0))!] = row.int(1)
            }
            guard status.jobs == counts else { throw Violation("the counters say \(status.jobs), the jobs are \(counts)") }
            guard counts.values.reduce(0, +) == identities.count else { throw Violation("a job is lost: \(counts)") }
            let ready = try connection.row("SELECT count(*) FROM jobs WHERE ready = 1", [])!.int(0)
            guard try ledger.readyQueues().values.reduce(0, +) == ready else { throw Violation("the queues do not say \(ready)") }
            let ownerless = try connection.row("SELECT count(*) FROM jobs WHERE (state = 'leased') <> (worker IS NOT NULL)", [])!.int(0)
            guard ownerless == 0 else { throw Violation("\(ownerless) leases have no owner, or owners no lease") }
            let twice = try connection.rows(
                "SELECT job FROM events WHERE what LIKE 'done%' GROUP BY job HAVING count(*) > 1", [])
            guard twice.isEmpty else { throw Violation("\(twice.count) jobs had their result recorded more than once") }
            try checkTrainings(connection)
            for row in try connection.rows("SELECT identity, state, result FROM jobs", []) {
                let (identity, isDone) = (row.text(0), row.text(1) == JobState.done.rawValue)
                if let result = acknowledgedResults[identity], !isDone || row.text(2) != result {
                    throw Violation("the acknowledged result of job \(identity.prefix(8)) is not there")
                }
            }
        }
    }

    /// Of the jobs that share a training without weights at most one trains, and its progress is not lost; with weights nobody waits.
    private func checkTrainings(_ connection: any SQLConnection) throws {
        let rows = try connection.rows(
            """
            SELECT trainings.identity, trainings.weights IS NOT NULL, sum(state IN ('pending', 'leased') AND awaiting = 0),
                sum(state = 'pending' AND awaiting = 1), coalesce(max(checkpoint_work), 0), sum(state = 'done'),
                sum(state = 'leased' AND awaiting = 1), sum(awaiting = 1 AND ready = 1),
                sum(state = 'pending' AND awaiting = 1 AND paused = 0)
            FROM jobs JOIN trainings ON trainings.id = jobs.training GROUP BY trainings.id
            """, [])
        for row in rows {
            let (name, isDone) = (row.text(0).prefix(8), row.flag(1))
            guard row.int(6) == 0, row.int(7) == 0 else { throw Violation("a job that waits for training \(name) is given out") }
            guard isDone == acknowledgedWeights.contains(row.text(0)) || isDone else { throw Violation("the weights of training \(name) are lost") }
            if isDone {
                guard row.int(3) == 0 else { throw Violation("\(row.int(3)) jobs wait for training \(name), which is done") }
                continue
            }
            guard row.int(2) <= 1 else { throw Violation("\(row.int(2)) jobs train \(name)") }
            guard row.int(2) == 1 || row.int(8) == 0 else { throw Violation("\(row.int(8)) jobs wait for training \(name), which nobody trains") }
            if let work = acknowledgedCheckpoints[row.text(0)], row.int(4) < work {
                throw Violation("the acknowledged checkpoint of training \(name) is not there")
            }
        }
    }

    /// The records of jobs that are not done.
    func unfinished() throws -> [JobRecord] {
        var records: [JobRecord] = []
        try database.transaction { connection in
            let ledger = Ledger(connection, cache: cache, rules: rules)
            records = try identities.map { try ledger.entry($0).record }.filter { $0.state != .done }
        }
        return records
    }

    func states() throws -> [JobState: Int] {
        var states: [JobState: Int] = [:]
        try database.transaction { connection in
            states = try Ledger(connection, cache: cache, rules: rules).status(of: "simulated").jobs
        }
        return states
    }
}
