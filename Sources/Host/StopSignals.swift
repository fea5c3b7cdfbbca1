import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// What a program is to do upon a signal.
public enum StopOrder: Hashable, Sendable {
    /// End in order: keep what there is, hand back what is not done.
    case leave
    /// End now. The code is the one that a shell gives a program that the signal has ended.
    case atOnce(exitCode: Int32)

    /// The line by which a program tells one that it has started, and that listens to its standard input, to leave. Unlike a signal it is
    /// not lost on a process that has only just begun, and it never comes to others. The input's end means that the other is gone.
    public static let leaveLine = "leave"
}

/// Which signals are an order. Batch systems, service managers and scripts send one to every process of a job, or forward what
/// they were sent themselves: what comes twice at once was meant once.
public struct StopRule: Sendable {
    /// What a second signal must be apart from the first to count; a person at a keyboard is quicker than a batch system.
    private static let patience = Duration.seconds(3)
    private static let keyboardPatience = Duration.milliseconds(250)

    private var isLeaving = false
    private var since: ContinuousClock.Instant?

    public init() {}

    /// The order that a signal is at a moment; `nil`: none, since it was given before.
    public mutating func order(for signal: Int32, at now: ContinuousClock.Instant) -> StopOrder? {
        defer { isLeaving = true }
        // A closed terminal and a batch system's warning come before a SIGTERM that still means: leave in order.
        if signal == SIGTERM || signal == SIGINT {
            if let since {
                let patience = signal == SIGINT ? Self.keyboardPatience : Self.patience
                return now - since >= patience ? .atOnce(exitCode: 128 + signal) : nil
            }
            since = now
        }
        return isLeaving ? nil : .leave
    }
}

/// Hears the signals by which people, terminals and batch systems tell a program to end: SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGUSR2.
/// SIGHUP and SIGINT stay ignored where they were when the program began, as `nohup` and a shell's `&` want it.
public final class StopSignals: @unchecked Sendable {
    public static let numbers = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2]

    private let sources: [any DispatchSourceSignal]

    /// Listens for as long as the object lives.
    /// - Parameter heard: is called on a thread of its own, so that it is heard however busy the program's tasks are.
    public init(_ heard: @escaping @Sendable (StopOrder) -> Void) {
        let queue = DispatchQueue(label: "medsweep.stop-signals")
        let hearer = Hearer(heard)
        let numbers = Self.numbers.filter { !(($0 == SIGHUP || $0 == SIGINT) && Self.isIgnored($0)) }
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for (number, source) in zip(numbers, sources) {
            source.setEventHandler { hearer.hear(number) }
            source.resume()
        }
    }

    deinit { for source in sources { source.cancel() } }

    private final class Hearer: Sendable {
        private let rule = Mutex(StopRule())
        private let heard: @Sendable (StopOrder) -> Void

        init(_ heard: @escaping @Sendable (StopOrder) -> Void) { self.heard = heard }

        func hear(_ signal: Int32) {
            if let order = rule.withLock({ $0.order(for: signal, at: .now) }) { heard(order) }
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
