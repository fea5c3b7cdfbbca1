import Foundation
import GRDB
import Synchronization

/// The store's one writer. Whatever requests have queued up while a transaction was being synced to disk go into the
/// next one together; each is answered only after its transaction is committed.
final class GroupedWriter: Sendable {
    private let pool: DatabasePool
    private let queue = DispatchQueue(label: "medsweep.store")
    private let state = Mutex(State())

    private struct State {
        var pending: [any Request] = []
        var isDraining = false
    }

    /// Requests in one transaction at most, so that none waits for ever.
    private static let groupLimit = 256

    init(_ pool: DatabasePool) { self.pool = pool }

    /// Runs `body` inside a transaction and returns once it is on disk. If it throws, what it wrote is undone and the
    /// other requests of the transaction are not touched.
    func write<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let isFirst = state.withLock { state in
                state.pending.append(Write(body: body, continuation: continuation))
                defer { state.isDraining = true }
                return !state.isDraining
            }
            if isFirst { queue.async { self.drain() } }
        }
    }

    private func drain() {
        while true {
            let group = state.withLock { state in
                let group = Array(state.pending.prefix(Self.groupLimit))
                state.pending.removeFirst(group.count)
                if group.isEmpty { state.isDraining = false }
                return group
            }
            if group.isEmpty { return }
            do {
                try pool.writeWithoutTransaction { database in
                    try database.inTransaction(.immediate) {
                        for request in group { try request.run(database) }
                        return .commit
                    }
                }
                for request in group { request.succeed() }
            } catch {
                for request in group { request.fail(error) }
            }
        }
    }

    /// A request waiting for its transaction.
    private protocol Request: AnyObject, Sendable {
        func run(_ database: Database) throws
        func succeed()
        func fail(_ error: any Error)
    }

    private final class Write<Value: Sendable>: Request, @unchecked Sendable {
        private let body: @Sendable (Database) throws -> Value
        private let continuation: CheckedContinuation<Value, any Error>
        /// Touched by the writer's queue only.
        private var outcome: Result<Value, any Error>?

        init(
            body: @escaping @Sendable (Database) throws -> Value, continuation: CheckedContinuation<Value, any Error>
        ) {
            self.body = body
            self.continuation = continuation
        }

        func run(_ database: Database) throws {
            var value: Value?
            do {
                try database.inSavepoint {
                    value = try body(database)
                    return .commit
                }
                outcome = .success(value!)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_IOERR {
                // The whole transaction is lost.
                throw error
            } catch {
                outcome = .failure(error)
            }
        }

        func succeed() { continuation.resume(with: outcome!) }
        func fail(_ error: any Error) { continuation.resume(throwing: error) }
    }
}
