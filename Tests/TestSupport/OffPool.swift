import Dispatch

/// Runs `body` in a thread apart from those of Swift's tasks, so that what takes long or waits holds up no test that runs
/// beside it.
public func offPool<Result: Sendable>(_ body: @Sendable @escaping () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "test").async { continuation.resume(with: Swift.Result(catching: body)) }
    }
}
