import Catalogue
import Foundation
import Sweep
import Wire

/// Trainings that several jobs share: one job trains, the others wait for its weights. Whoever decides which one it is holds the
/// training's row, so that two coordinators do not decide differently.
extension Ledger {
    /// A training as planned jobs meet it.
    struct Training {
        let id: Int64
        /// Whether there are weights.
        let isDone: Bool
    }

    /// The trainings with these identities, made where there are none, and held for the rest of the transaction.
    func trainings(_ identities: Set<String>) throws -> [String: Training] {
        let rows = try insertReturning(
            "INSERT INTO trainings (identity)", identities.sorted().map { [.text($0)] },
            tail: " ON CONFLICT (identity) DO UPDATE SET identity = excluded.identity RETURNING identity, id, weights")
        return rows.reduce(into: [:]) { $0[$1.text(0)] = Training(id: $1.integer(1), isDone: !$1.isNull(2)) }
    }

    /// Those of the trainings for which some job trains or is going to, held up or not.
    func withTrainers(_ trainings: some Sequence<Int64>) throws -> Set<Int64> {
        var found: Set<Int64> = []
        var rest = Array(trainings)[...]
        while !rest.isEmpty {
            // Two sizes, so that there are few statements to prepare.
            let size = rest.count >= 32 ? 32 : 1
            let marks = Array(repeating: "?", count: size).joined(separator: ", ")
            let rows = try connection.rows(
                "SELECT training FROM jobs WHERE training IN (\(marks)) AND awaiting = 0 AND state IN ('pending', 'leased')",
                rest.prefix(size).map { .integer($0) })
            for row in rows { found.insert(row.integer(0)) }
            rest = rest.dropFirst(size)
        }
        return found
    }

    /// Holds a training's row.
    /// - Returns: the digest of its weights, if it has any.
    private func hold(training: Int64) throws -> String? {
        try connection.row("SELECT weights FROM trainings WHERE id = ?" + connection.dialect.holding, [.integer(training)])?
            .optionalText(0)
    }

    /// The job that trains or is going to, other than `job`.
    private func trainer(of training: Int64, but job: Int64 = 0) throws -> JobEntry? {
        try jobs(of: training, "awaiting = 0 AND state IN ('pending', 'leased') AND id <> ? ORDER BY id LIMIT 1", [.integer(job)]).first
    }

    private func jobs(of training: Int64, _ condition: String, _ arguments: [SQLValue] = []) throws -> [JobEntry] {
        try connection.rows(
            "SELECT \(JobEntry.columns) FROM jobs WHERE training = ? AND \(condition)" + connection.dialect.holding,
            [.integer(training)] + arguments
        ).map(JobEntry.init)
    }

    // MARK: Changes of one job

    /// Draws the consequences of a job's new state for those that share its training.
    func followTraining(of entry: JobEntry) throws {
        guard let training = entry.training else { return }
        let (before, after) = (entry.storedRecord, entry.record)
        guard before.state != after.state || before.isPaused != after.isPaused else { return }
        switch after.state {
        case .leased, .done: break
        case .cancelled: try settle(training)
        case .quarantined:
            if !after.isAwaitingTraining, !before.state.isFinal { try endWaiting(for: entry, training) }
        case .pending:
            let isHandedBack = before.state == .leased
            if try !isHandedBack || after.isPaused || sweep(entry.sweep).isPaused { try settle(training) }
        }
    }

    /// Sees to it that somebody trains for those that wait: when the one that was to is paused or gone, the next takes its place and
    /// goes on from its checkpoint.
    func settle(_ training: Int64) throws {
        guard !isAlone(training) else { return }
        guard try hold(training: training) == nil else { return }
        var trainer = try trainer(of: training)
        if let trainer {
            let isPausedSweep = try trainer.stored == .pending && sweep(trainer.sweep).isPaused
            guard isPausedSweep || rules.isHeldUp(trainer.record) else { return }
        }
        let isPaused = "(SELECT sweeps.paused FROM sweeps WHERE sweeps.id = jobs.sweep)"
        let waiting = try jobs(of: training, "awaiting = 1 AND state = 'pending' AND paused = 0 ORDER BY \(isPaused), id LIMIT 1")
        // One whose sweep is paused is better than none, but no better than one that is held up itself.
        guard var next = waiting.first, try trainer == nil || !sweep(next.sweep).isPaused else { return }
        let checkpoint: JobRecord.Checkpoint?
        if trainer != nil {
            checkpoint = rules.giveWay(&trainer!.record)
            try save(trainer!)
        } else {
            checkpoint = try takeCheckpoint(of: training)
        }
        rules.promote(&next.record, checkpoint: checkpoint)
        try save(next)
        log("trains now for all that wait for the same training", who: "coordinator", job: next.id, sweep: next.sweep)
    }

    /// The furthest checkpoint that a cancelled job of the training has left.
    private func takeCheckpoint(of training: Int64) throws -> JobRecord.Checkpoint? {
        let left = try jobs(
            of: training, "state = 'cancelled' AND checkpoint IS NOT NULL ORDER BY checkpoint_work DESC, id LIMIT 1")
        guard var former = left.first else { return nil }
        let checkpoint = rules.giveWay(&former.record)
        try save(former)
        return checkpoint
    }

    /// Takes along what waits for a training that failed for good.
    private func endWaiting(for entry: JobEntry, _ training: Int64) throws {
        guard try hold(training: training) == nil else { return }
        for var waiting in try jobs(of: training, "awaiting = 1 AND state = 'pending' ORDER BY id") {
            waiting.record.state = entry.record.state
            log(
                "\(entry.record.state.rawValue) with \(entry.identity.prefix(12)), whose weights it was to score", who: "coordinator",
                job: waiting.id, sweep: waiting.sweep)
            try save(waiting)
        }
    }

    // MARK: Trying again

    /// Puts a job back into the queue, and with it what shares its training: the one that failed to train, before those that only
    /// waited for it, and all that ended with it.
    /// - Returns: whether that changed anything.
    func retry(_ entry: inout JobEntry) throws -> Bool {
        guard rules.retry(&entry.record, now: now) else { return false }
        guard entry.stored.isFinal, let training = entry.training else {
            try save(entry)
            return true
        }
        if try hold(training: training) != nil {
            entry.record.isAwaitingTraining = false
        } else if try trainer(of: training, but: entry.id) != nil {
            entry.record.isAwaitingTraining = true
        } else if entry.record.isAwaitingTraining {
            let failed = try jobs(of: training, "awaiting = 0 AND state = 'quarantined' ORDER BY id DESC LIMIT 1")
            if var former = failed.first, rules.retry(&former.record, now: now) {
                try save(former)
            } else {
                entry.record.isAwaitingTraining = false
            }
        }
        try save(entry)
        try retryWaiting(for: training)
        return true
    }

    /// Brings back what ended for no other reason than that its training failed.
    private func retryWaiting(for training: Int64) throws {
        for var waiting in try jobs(of: training, "awaiting = 1 AND state = 'quarantined' ORDER BY id") {
            guard rules.retry(&waiting.record, now: now) else { continue }
            try save(waiting)
        }
    }

    // MARK: Results

    /// Hands the weights that a finished job leaves to all that wait for them.
    /// - Parameter weights: their digest; `nil`: it left none, and the next one trains anew.
    func trained(_ training: Int64, weights: String?) throws {
        guard let weights else { return try settle(training) }
        // The newest: of older ones the file may be lost, or the job would not have trained again.
        guard !isAlone(training) else { return try connection.add([.integer(training), .text(weights)], to: Self.newWeights) }
        try connection.run(
            "UPDATE trainings SET weights = ? WHERE id = ? AND (weights IS NULL OR weights <> ?)",
            [.text(weights), .integer(training), .text(weights)])
        let waiting = try jobs(of: training, "awaiting = 1 ORDER BY id")
        for var entry in waiting {
            entry.record.isAwaitingTraining = false
            // What ended with a former training has what it needs now.
            if entry.stored == .quarantined { _ = rules.retry(&entry.record, now: now) }
            try save(entry)
        }
    }

    private static let newWeights = RowShape.update("trainings", "weights", keys: [.integer("id")], set: [.text("weights")])

    // MARK: Sweeps that are held

    /// Settles the trainings that a sweep shares with others, after it was paused or resumed, a batch at a time.
    /// - Parameter after: the last training looked at.
    /// - Returns: where to go on, or `nil` at the end.
    func settleShared(sweep: Int64, after: Int64, limit: Int = 500) throws -> Int64? {
        let rows = try connection.rows(
            """
            SELECT DISTINCT waiting.training FROM jobs AS waiting JOIN jobs AS trainer ON trainer.training = waiting.training
            WHERE waiting.awaiting = 1 AND waiting.state = 'pending' AND trainer.awaiting = 0 AND trainer.state = 'pending'
            AND trainer.sweep <> waiting.sweep AND (trainer.sweep = ? OR waiting.sweep = ?) AND waiting.training > ?
            ORDER BY waiting.training LIMIT ?
            """,
            [.integer(sweep), .integer(sweep), .integer(after), .int(limit)])
        for row in rows { try settle(row.integer(0)) }
        return rows.count == limit ? rows.last?.integer(0) : nil
    }
}
