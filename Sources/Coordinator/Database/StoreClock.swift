import Foundation
import Synchronization

/// The one clock of a store.
protocol StoreClock: Sendable {
    /// Seconds since 1970; never less than before.
    func now() -> Double
}

/// A clock that cannot be set: it goes on at its pace whatever becomes of the machine's clock, and follows that slowly, so that
/// neither a lease ends nor a backoff lasts for a change of the time of day.
final class SteadyClock: StoreClock {
    /// Seconds by which the machine's clock may be off before anybody is told.
    static let tolerance = 5.0
    /// The share by which it goes faster or slower until it shows what the machine's clock shows.
    private static let slew = 0.05

    private struct State {
        var time: Double
        var monotonic: Double
        var isApart = false
    }

    private let wall: @Sendable () -> Double
    private let monotonic: @Sendable () -> Double
    private let tell: @Sendable (String) -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - wall: the machine's clock in seconds since 1970.
    ///   - monotonic: seconds that pass, of a clock that cannot be set.
    ///   - tell: is told in one sentence when the machine's clock was set, once until both agree again.
    init(
        wall: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 },
        monotonic: @escaping @Sendable () -> Double = SteadyClock.monotonicSeconds, tell: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.wall = wall
        self.monotonic = monotonic
        self.tell = tell
        state = Mutex(State(time: wall(), monotonic: monotonic()))
    }

    /// The time for which the machine was awake: leases of workers on the same machine do not run out while it sleeps.
    @Sendable static func monotonicSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    func now() -> Double {
        let (time, remark) = state.withLock { state -> (Double, String?) in
            let (wall, monotonic) = (wall(), monotonic())
            let passed = max(0, monotonic - state.monotonic)
            let error = wall - (state.time + passed)
            state.time += passed + min(max(error, -Self.slew * passed), Self.slew * passed)
            state.monotonic = max(state.monotonic, monotonic)
            let isApart = abs(error) > Self.tolerance
            defer { if isApart || abs(error) < 1 { state.isApart = isApart } }
            return (state.time, isApart && !state.isApart ? Self.remark(error) : nil)
        }
        if let remark { tell(remark) }
        return time
    }

    private static func remark(_ error: Double) -> String {
        "the machine's clock was set \(abs(error).formatted(.number.precision(.fractionLength(0)))) s \(error < 0 ? "back" : "forward"); leases and backoffs last as long as before, and the times shown here follow slowly"
    }
}

/// Tells once how far this machine's clock and the database's are apart.
final class ClockComparison: Sendable {
    private let wall: @Sendable () -> Double
    private let isApart = Mutex(false)

    init(wall: @escaping @Sendable () -> Double) { self.wall = wall }

    /// - Returns: a sentence, once until both agree again.
    func remark(database: Double) -> String? {
        let difference = wall() - database
        return isApart.withLock { isApart in
            let before = isApart
            if abs(difference) > SteadyClock.tolerance { isApart = true } else if abs(difference) < 1 { isApart = false }
            guard isApart, !before else { return nil }
            return "this machine's clock is \(Int(abs(difference).rounded())) s \(difference < 0 ? "behind" : "ahead of") the database's; leases and backoffs go by the database's, and so do the times shown"
        }
    }
}
