import Foundation
import Testing

@testable import Host

/// Which signals are an order, and which only say again what was said.
@Suite struct StopRuleTests {
    /// Signals with the milliseconds at which they come, and what they are.
    private func orders(_ signals: (Int32, Int)...) -> [StopOrder?] {
        var rule = StopRule()
        let start = ContinuousClock.now
        return signals.map { rule.order(for: $0.0, at: start + .milliseconds($0.1)) }
    }

    /// A script that forwards what its whole group was sent, or a service manager that signals everyone.
    @Test func whatComesTwiceAtOnceWasMeantOnce() {
        #expect(orders((SIGTERM, 0), (SIGTERM, 20), (SIGTERM, 2999)) == [.leave, nil, nil])
        #expect(orders((SIGINT, 0), (SIGINT, 20)) == [.leave, nil])
        #expect(orders((SIGHUP, 0), (SIGHUP, 5), (SIGTERM, 10)) == [.leave, nil, nil])
    }

    @Test func whoeverAsksAgainLaterMeansIt() {
        #expect(orders((SIGTERM, 0), (SIGTERM, 3000)) == [.leave, .atOnce(exitCode: 143)])
        #expect(orders((SIGINT, 0), (SIGINT, 250)) == [.leave, .atOnce(exitCode: 130)], "a person at a keyboard")
        #expect(orders((SIGTERM, 0), (SIGINT, 500)) == [.leave, .atOnce(exitCode: 130)])
    }

    /// Slurm warns with SIGUSR1 and sends SIGTERM a minute later: a checkpoint that is being written by then is not thrown away.
    @Test(arguments: [SIGUSR1, SIGUSR2, SIGHUP]) func warningsAreNoFirstOfTwo(_ warning: Int32) {
        #expect(
            orders((warning, 0), (SIGTERM, 60_000), (warning, 70_000), (SIGTERM, 80_000)) == [.leave, nil, nil, .atOnce(exitCode: 143)])
    }
}
