import Foundation
import Synchronization

/// A store's one writer. Whatever requests have queued up while a transaction was being synced to disk go into the
/// next one together; each is answered only after its transaction is committed.
final class GroupedWriter: Sendable {
    private let database: any JobDatabase
    /// Makes the view of a transaction that requests work on.
    private let makeLedger: @Sendable (any SQLConnection, _ now: Double) -> Ledger
    private let queue = DispatchQueue(label: "medsweep.store")
    private let state = Mutex(State())
    private let measured = Mutex(Timings())

    /// How transactions went.
    struct Timings: Sendable {
        /// Seconds until a transaction was on disk, those that had to be tried again included.
        var commit = Histogram(Histogram.seconds)
        /// Requests in a transaction.
        var group = Histogram(Histogram.groups)
    }

    /// Of all transactions since the start that were committed.
    var timings: Timings { measured.withLock { $0 } }

    private struct State {
        var pending: [any Request] = []
        var isDraining = false
    }

    /// Requests in one transaction at most, so that none waits for ever.
    private static let groupLimit = 256
    /// Tries of a transaction that another coordinator or a restarting server got in the way of, some ten seconds.
    private static let tries = 12

    init(_ database: any JobDatabase, makeLedger: @escaping @Sendable (any SQLConnection, _ now: Double) -> Ledger) {
        self.database = database
        self.makeLedger = makeLedger
    }

    /// What a request is about, for which rows are read before it runs.
    enum Subject: Sendable {
        /// A job's report; whether it brings a result.
        case job(String, isFinishing: Bool)
        case lease
        case other
    }

    /// Runs `body` inside a transaction and returns once it is on disk. After an error nothing of `body` is kept; after a
    /// ``StoreError`` the other requests of the transaction go on. `body` may be run several times.
    func write<Result: Sendable>(
        _ subject: Subject = .other, _ body: @escaping @Sendable (Ledger) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let isFirst = state.withLock { state in
                state.pending.append(Write(subject: subject, body: body, continuation: continuation))
                defer { state.isDraining = true }
                return !state.isDraining
            }
            if isFirst { queue.async { self.drain() } }
        }
    }

    private func drain() {
        while true {
            let group = state.withLock { state in
                let group: [any Request]
                if state.pending.count <= Self.groupLimit {
                    group = state.pending
                    state.pending = []
                } else {
                    group = Array(state.pending.prefix(Self.groupLimit))
                    state.pending.removeFirst(group.count)
                }
                if group.isEmpty { state.isDraining = false }
                return group
            }
            if group.isEmpty { return }
            commit(group)
        }
    }

    private func commit(_ group: [any Request]) {
        do {
            let start = ContinuousClock.now
            let ledger = try attempt(group)
            let seconds = (.now - start) / .seconds(1)
            measured.withLock {
                $0.commit.add(seconds)
                $0.group.add(Double(group.count))
            }
            ledger.committed()
            for request in group { request.succeed() }
        } catch {
            guard group.count > 1 else { return group[0].fail(error) }
            // One of them cannot be done; the others shall not suffer.
            for request in group { commit([request]) }
        }
    }

    /// Runs the group in one transaction, again when something passing got in the way.
    private func attempt(_ group: [any Request]) throws -> Ledger {
        var wait = 0.005
        for number in 1... {
            do {
                var ledger: Ledger?
                try database.transaction { connection, now in
                    let opened = makeLedger(connection, now)
                    try Self.prepare(opened, group)
                    // What reports write waits; what asks for work has to look for it.
                    for request in group where !request.isLease { try request.run(opened) }
                    for request in group where request.isLease { try request.run(opened) }
                    try opened.flush(database)
                    ledger = opened
                }
                return ledger!
            } catch where number < Self.tries && database.isPassing(error) {
                Thread.sleep(forTimeInterval: Double.random(in: wait / 2...wait))
                wait = min(wait * 2, 2)
            }
        }
        fatalError("unreachable: the loop has no end of its own")
    }

    private static func prepare(_ ledger: Ledger, _ group: [any Request]) throws {
        var (jobs, finishing, isLeasing) = ([String](), [String](), false)
        for request in group {
            switch request.subject {
            case .job(let identity, let isFinishing):
                jobs.append(identity)
                if isFinishing { finishing.append(identity) }
            case .lease: isLeasing = true
            case .other: break
            }
        }
        try ledger.prepare(jobs: jobs, finishing: finishing, isLeasing: isLeasing)
    }

    /// A request waiting for its transaction.
    fileprivate protocol Request: AnyObject, Sendable {
        var subject: Subject { get }
        func run(_ ledger: Ledger) throws
        func succeed()
        func fail(_ error: any Error)
    }

    private final class Write<Value: Sendable>: Request, @unchecked Sendable {
        let subject: Subject
        private let body: @Sendable (Ledger) throws -> Value
        private let continuation: CheckedContinuation<Value, any Error>
        /// Touched by the writer's queue only.
        private var outcome: Result<Value, any Error>?

        init(subject: Subject, body: @escaping @Sendable (Ledger) throws -> Value, continuation: CheckedContinuation<Value, any Error>) {
            self.subject = subject
            self.body = body
            self.continuation = continuation
        }

        func run(_ ledger: Ledger) throws {
            do {
                outcome = .success(try ledger.request(body))
            } catch let refusal as StoreError {
                outcome = .failure(refusal)
            }
        }

        func succeed() { continuation.resume(with: outcome!) }
        func fail(_ error: any Error) { continuation.resume(throwing: error) }
    }
}

extension GroupedWriter.Request {
    fileprivate var isLease: Bool { if case .lease = subject { true } else { false } }
}
