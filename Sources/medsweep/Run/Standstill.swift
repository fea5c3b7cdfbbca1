import Sweep
import Wire

/// Notices that nothing more will come of a sweep, since what is left needs what no worker has and nobody else is going to come.
struct Standstill {
    /// How long nothing must have run: between the end of a job and the beginning of the next there is a moment.
    private let patience: Duration
    private var since: ContinuousClock.Instant?

    init(patience: Duration = .seconds(5)) { self.patience = patience }

    /// What the rest of the sweep waits for in vain; `nil`: it goes on, or may yet.
    /// - Parameters:
    ///   - status: of the sweep, asked for after all workers had told what they have.
    ///   - failedBefore: whether any of the waiting jobs has failed before: it may be waiting for its next attempt only.
    mutating func reason(
        _ status: SweepStatus, now: ContinuousClock.Instant = .now, failedBefore: () async throws -> Bool
    ) async throws -> String? {
        let waiting = status.jobs[.pending, default: 0]
        guard let obstacles = status.obstacles, let first = obstacles.first, waiting > 0, status.jobs[.leased, default: 0] == 0,
            !status.isPaused, !status.isExpanding
        else {
            since = nil
            return nil
        }
        // Jobs that wait for another one's training are kept by what keeps that one, and not counted.
        if obstacles.reduce(0, { $0 + $1.jobs }) < waiting {
            let start = since ?? now
            since = start
            guard now - start >= patience else { return nil }
            if try await failedBefore() {
                since = nil
                return nil
            }
        }
        return "\(ControlText.jobs(waiting)) of '\(status.name.oneLine)' cannot run on this machine: \(first.reason.oneLine)"
    }
}
