import Foundation

/// Runs `body` in a thread of its own, so that what takes long or waits holds up no test that runs beside it. Not on a
/// queue: queues share a limited number of threads with Swift's tasks.
public func offPool<Result: Sendable>(_ body: @Sendable @escaping () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result(catching: body)) }
    }
}
