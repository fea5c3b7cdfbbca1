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
        case .heartbeat(let identity, let request): (identity, request.token.number)
        case .checkpoint(let identity, let request): (identity, request.token.number)
        case .result(let identity, let request): (identity, request.token.number)
        case .failure(let identity, let request): (identity, request.token.number)
        case .release(let identity, let request): (identity, request.token.number)
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
    private let database: any JobDatabase
    private let rules: LeaseRules
    /// What a restart forgets.
    private var cache = StoreCache(clock: ManualClock())
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

    init(_ database: any JobDatabase, rules: LeaseRules, leaseDuration: Double, jobs: Int, parallel: Int) throws {
        self.database = database
        self.rules = rules
        self.leaseDuration = leaseDuration
        self.parallel = parallel
        let edit = try SimulatedEdit(of: Self.main, seeds: jobs / 4, parallel: parallel)
        cache = StoreCache(clock: clock)
        try transaction(now: 0) { ledger in
            for table in ["events", "attempts", "result_files", "job_logs", "job_curves", "queues", "counters", "sweep_jobs", "jobs", "trainings", "classes", "sweeps", "workers"] {
                try ledger.connection.run("DELETE FROM \(table)", [])
            }
            identities = edit.planned.map(\.identity)
            trainings = Dictionary(edit.planned.map { ($0.identity, $0.trainingIdentity ?? "") }) { first, _ in first }
        }
        try submit(edit, now: 0)
    }

    /// The store's clock, by which what was noted grows old as well.
    private let clock = ManualClock()

    private func transaction(now: Double, _ body: (Ledger) throws -> Void) throws {
        clock.set(now)
        try database.transaction { connection, _ in
            let ledger = Ledger(connection, now: now, cache: cache, rules: rules)
            try body(ledger)
            try ledger.flush(database)
            ledger.committed()
        }
    }

    // MARK: Serving

    /// Takes calls in one transaction, as they queue up behind a real coordinator's writer.
    func take(_ calls: [Call], now: Double) throws -> [Reply] {
        var replies: [Reply] = []
        try transaction(now: now) { ledger in
            replies = []
            let finishing = calls.compactMap { if case .result(let identity, _) = $0 { identity } else { nil } }
            let isLeasing = calls.contains { if case .lease = $0 { true } else { false } }
            try ledger.prepare(jobs: calls.compactMap(\.claim?.identity), finishing: finishing, isLeasing: isLeasing)
            for call in calls {
                do {
                    replies.append(try watch(call, ledger) { try ledger.request { try self.reply(to: call, $0) } })
                } catch is StoreError {
                    replies.append(.refused)
                }
            }
        }
        for (call, reply) in zip(calls, replies) { try promised(call, reply) }
        self.calls += calls.count
        return replies
    }

    private func reply(to call: Call, _ ledger: Ledger) throws -> Reply {
        switch call {
        case .lease(let worker, let free, let holding):
            .leases(try ledger.lease(to: worker, free: free, limit: 64, holding: holding, duration: leaseDuration).jobs)
        case .heartbeat(let identity, let request):
            .action(try ledger.heartbeat(identity, request, duration: leaseDuration))
        case .checkpoint(let identity, let request):
            .acknowledged(try ledger.checkpoint(identity, request).0)
        case .result(let identity, let request):
            .acknowledged(try ledger.complete(identity, request, text: Ledger.text(request.result)).0)
        case .failure(let identity, let request):
            .acknowledged(try ledger.fail(identity, request, jitter: 0.5))
        case .release(let identity, let request):
            .acknowledged(try ledger.release(identity, request))
        }
    }

    // MARK: Edits

    /// The sweep that holds every job in the end; others come and go.
    static let main = "simulated"

    /// Does an edit's next part in a transaction of its own, as a coordinator does that has much to do beside.
    func goOn(with edit: SimulatedEdit, now: Double) throws {
        do {
            try transaction(now: now) { try edit.goOn($0) }
        } catch StoreError.submittedAgain {
            edit.isOver = true
        }
    }

    func submit(_ edit: SimulatedEdit, now: Double) throws {
        while !edit.isOver { try goOn(with: edit, now: now) }
    }

    /// Goes on with edits that a crash broke off.
    func adoptEdits(now: Double) throws {
        while true {
            var adopted: SimulatedEdit?
            try transaction(now: now) { adopted = try $0.adoptExpansion(idleFor: 0).map { try SimulatedEdit($0) } }
            guard let adopted else { return }
            try submit(adopted, now: now)
        }
    }

    func expire(now: Double) throws { try transaction(now: now) { _ = try $0.expire() } }

    func restart(now: Double) throws {
        cache = StoreCache(clock: clock)
        try transaction(now: now) { try $0.adoptLeases(duration: leaseDuration) }
        try adoptEdits(now: now)
    }

    func control(_ action: ControlRequest.Action, job: String? = nil, worker: String? = nil, priority: Int? = nil, now: Double) throws {
        let request = ControlRequest(action: action, priority: priority, who: "operator")
        try transaction(now: now) { ledger in
            if let job {
                // Who retries what no sweep asks for is told so.
                do { _ = try ledger.control(job: job, request) } catch StoreError.senseless { return }
            } else if let worker {
                do { _ = try ledger.control(worker: worker, request) } catch StoreError.unknownWorker { return }
            } else {
                let (id, _) = try ledger.control(sweep: Self.main, request)
                _ = try ledger.settleShared(sweep: id, after: 0)
                guard action == .cancel || action == .retry else { return }
                var after: Int64? = 0
                while let place = after { after = try ledger.control(action, sweep: id, after: place, limit: 3).next }
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
                var given: Set<Int64> = []
                for job in jobs where try !isLost(job, call) {
                    guard job.token.number > newestTokens[job.identity, default: 0] else {
                        throw Violation("token \(job.token.number) of job \(job.identity.prefix(8)) was given out after \(newestTokens[job.identity]!)")
                    }
                    newestTokens[job.identity] = job.token.number
                    if case .lease(let worker, _, _) = call { holders[job.identity] = worker.instance }
                    let entry = try ledger.entry(job.identity)
                    try requireHolders(of: entry, ledger, "was given out")
                    given.insert(entry.sweep)
                }
                // Who holds on to a job in spite of its lease may exceed the limit; nobody is given one beyond it.
                for sweep in given where try ledger.counter(sweep, .leased) > parallel {
                    throw Violation("\(try ledger.counter(sweep, .leased)) jobs of a sweep run, the limit is \(parallel)")
                }
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
        switch reply {
        case .action(.continue), .action(.drain): try requireHolders(of: ledger.entry(identity), ledger, "goes on")
        default: break
        }
        if after.state == .leased, after.isAwaitingTraining { throw Violation("job \(name) runs, and waits for its training") }
        if after.failedAttempts > Int(after.token) { throw Violation("job \(name) has more failures than leases") }
        if let refusal { throw refusal }
        return reply
    }

    /// Work that no sweep asks for is not to be done.
    private func requireHolders(of entry: JobEntry, _ ledger: Ledger, _ what: String) throws {
        let holders = try ledger.connection.row("SELECT count(*) FROM sweep_jobs WHERE job = ?", [.integer(entry.id)])!.int(0)
        guard holders > 0 else { throw Violation("job \(entry.identity.prefix(8)) \(what), though no sweep asks for it") }
    }

    /// Whether a worker is handed a lease once more that it was given and does not know of.
    private func isLost(_ job: LeasedJob, _ call: Call) throws -> Bool {
        guard case .lease(let worker, _, let holding?) = call, holders[job.identity] == worker.instance,
            job.token.number == newestTokens[job.identity]
        else { return false }
        if holding.contains(job.identity) { throw Violation("\(worker.name) was handed job \(job.identity.prefix(8)), which it has") }
        return true
    }

    /// Notes what a reply, or the commit before a reply that gets lost, has promised.
    private func promised(_ call: Call, _ reply: Reply) throws {
        switch (call, reply) {
        case (.lease, .leases(let jobs)):
            for job in jobs where try !leasesGiven.insert("\(job.identity)/\(job.token.number)").inserted && !isLost(job, call) {
                throw Violation("job \(job.identity.prefix(8)) was given out twice under token \(job.token.number)")
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

    /// What must hold after every transaction: what is kept beside the rows says what the rows say.
    func checkCounts() throws {
        try database.transaction { connection, _ in
            for (what, kept, counted) in [
                (
                    "jobs by sweep and state", "SELECT sweep, state, count FROM counters WHERE count <> 0",
                    "SELECT sweep_jobs.sweep, state, count(*) FROM sweep_jobs JOIN jobs ON jobs.id = sweep_jobs.job GROUP BY sweep_jobs.sweep, state"
                ),
                (
                    "ready jobs by sweep and class", "SELECT sweep, class, ready FROM queues WHERE ready <> 0",
                    "SELECT sweep, class, count(*) FROM jobs WHERE ready = 1 GROUP BY sweep, class"
                ),
            ] {
                let (kept, counted) = (Set(try connection.rows(kept, []).map(\.values)), Set(try connection.rows(counted, []).map(\.values)))
                guard kept == counted else { throw Violation("\(what): kept are \(kept), there are \(counted)") }
            }
            let astray = try connection.rows(
                """
                SELECT identity, state FROM jobs WHERE state IN ('pending', 'leased', 'quarantined')
                AND NOT EXISTS (SELECT 1 FROM sweep_jobs WHERE sweep_jobs.job = jobs.id AND sweep_jobs.sweep = jobs.sweep)
                """, [])
            guard astray.isEmpty else {
                throw Violation("job \(astray[0].text(0).prefix(8)) is \(astray[0].text(1)), though the sweep that rules it does not hold it")
            }
        }
    }

    /// What must hold between any two steps.
    func check() throws {
        try checkCounts()
        try database.transaction { connection, _ in
            let all = try connection.row("SELECT count(*) FROM jobs", [])!.int(0)
            guard all == identities.count else { throw Violation("\(identities.count) jobs were submitted, there are \(all)") }
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
            SELECT trainings.identity, CASE WHEN trainings.weights IS NULL THEN 0 ELSE 1 END, \(Self.count("state IN ('pending', 'leased') AND awaiting = 0")),
                \(Self.count("state = 'pending' AND awaiting = 1")), coalesce(max(checkpoint_work), 0), \(Self.count("state = 'done'")),
                \(Self.count("state = 'leased' AND awaiting = 1")), \(Self.count("awaiting = 1 AND ready = 1")),
                \(Self.count("state = 'pending' AND awaiting = 1 AND paused = 0"))
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

    /// Jobs of a group that fulfil a condition, in either dialect.
    private static func count(_ condition: String) -> String { "sum(CASE WHEN \(condition) THEN 1 ELSE 0 END)" }

    /// The records of jobs that are not done.
    func unfinished() throws -> [JobRecord] {
        var records: [JobRecord] = []
        try database.transaction { connection, _ in
            let ledger = Ledger(connection, now: clock.now(), cache: cache, rules: rules)
            records = try identities.map { try ledger.entry($0).record }.filter { $0.state != .done }
        }
        return records
    }

    func states() throws -> [JobState: Int] {
        var states: [JobState: Int] = [:]
        try database.transaction { connection, _ in
            states = try Ledger(connection, now: clock.now(), cache: cache, rules: rules).status(of: Self.main).jobs
        }
        return states
    }
}
