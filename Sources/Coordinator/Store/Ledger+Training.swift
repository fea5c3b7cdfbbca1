import Catalogue
import Foundation
import Sweep
import Wire

/// Jobs that score what another job trains: they wait for it, and share its fate when it never ends well.
extension Ledger {
    /// Lets the jobs that wait for these weights into their queues.
    func trained(_ entry: JobEntry) throws {
        let waiting = try connection.rows(
            """
            UPDATE jobs SET not_before = 0, ready = 1 - paused WHERE training = ? AND state = 'pending' AND not_before >= ?
            RETURNING sweep, class, ready
            """,
            [.integer(entry.id), .real(JobRecord.untilTrained)])
        for row in waiting where row.flag(2) { queue(row.integer(0), row.integer(1), 1) }
    }

    /// Takes what waits for a job along when that ends without weights, and back when it is tried again.
    func tellWaiting(for entry: JobEntry, now: Double) throws {
        let state = entry.record.state
        guard state != entry.stored else { return }
        let isOver = state.isWithoutResult
        guard isOver != entry.stored.isWithoutResult else { return }
        let rows = try connection.rows("SELECT id FROM jobs WHERE training = ? ORDER BY id", [.integer(entry.id)])
        for row in rows {
            var waiting = try self.entry(row.integer(0))
            if isOver {
                guard waiting.stored == .pending else { continue }
                waiting.record.state = state
                log(
                    "\(state.rawValue) with \(entry.identity.prefix(12)), whose weights it was to score", who: "coordinator",
                    job: waiting.id, sweep: waiting.sweep, at: now)
            } else {
                // One that was never given out has ended for no other reason.
                guard waiting.record.token == 0, rules.retry(&waiting.record, now: now) else { continue }
            }
            try save(waiting, now: now)
        }
    }

    /// Sends the job that trains for this one back into the queue, if it ended without weights, and with it all that
    /// waited for it.
    func retryTraining(of entry: JobEntry, now: Double) throws -> JobEntry {
        guard let training = entry.training else { return entry }
        var trainer = try self.entry(training)
        guard trainer.stored.isWithoutResult, rules.retry(&trainer.record, now: now) else { return entry }
        try save(trainer, now: now)
        return try self.entry(entry.id)
    }

    /// The digest of the weights that a finished job left; `nil`: it left none, and who wants them trains them again.
    func trainedWeights(_ id: Int64) throws -> String? {
        guard let text = try connection.row("SELECT result FROM jobs WHERE id = ? AND state = 'done'", [.integer(id)])?.optionalText(0)
        else { return nil }
        let result: JobResult = try WireCoding.decode(from: Data(text.utf8))
        return result.artefacts.first { $0.name == Catalogue.weightsFile }?.sha256
    }
}
