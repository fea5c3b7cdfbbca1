import Foundation
import Host

/// Runs `body` until it ends or a signal says so; then cancels it, ends in order and throws.
/// - Parameters:
///   - leaving: what an orderly end takes.
///   - atOnce: what is left to do for one that was asked for twice.
func untilStopped<Result: Sendable>(
    _ body: @Sendable @escaping () async throws -> Result, leaving: @Sendable @escaping () async -> Void,
    atOnce: @Sendable @escaping () -> Void
) async throws -> Result {
    let (orders, giver) = AsyncStream.makeStream(of: StopOrder.self)
    let signals = StopSignals { order in
        switch order {
        case .leave: giver.yield(order)
        case .atOnce(let exitCode):
            // Not by way of any task: these may be what does not end.
            atOnce()
            _exit(exitCode)
        }
    }
    defer { withExtendedLifetime(signals) {} }
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            for await _ in orders { return nil }
            throw CancellationError()
        }
        defer { group.cancelAll() }
        if let result = try await group.next(), let result { return result }
        group.cancelAll()
        await leaving()
        throw Failure(.temporary, "stopped; run the same command again to go on where it was")
    }
}
