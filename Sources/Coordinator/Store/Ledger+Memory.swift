import Catalogue
import Foundation
import Sweep
import Wire

/// Jobs that ran out of memory in sweeps that ask for smaller batches then (`retry: {on_out_of_memory: …}`).
extension Ledger {
    /// Puts jobs with smaller batches in a failed job's place, in each sweep that wants it so, and in the places of those that wait
    /// for its training, which would fail as it did.
    /// - Parameter entry: as it was before the failure; afterwards as it is, ruled by a sweep that does not want it, if any.
    /// - Returns: whether no sweep holds the job any more.
    func replaceWithSmaller(_ entry: inout JobEntry) throws -> Bool {
        let waiting = entry.record.isAwaitingTraining ? [] : try entry.training.map { try self.waiting(for: $0) } ?? []
        guard try replace(&entry) else { return false }
        for id in waiting {
            var other = try self.entry(id)
            _ = try replace(&other)
        }
        if let training = entry.training { try settle(training) }
        return true
    }

    private func waiting(for training: Int64) throws -> [Int64] {
        try connection.rows(
            "SELECT id FROM jobs WHERE training = ? AND awaiting = 1 AND state = 'pending' ORDER BY id", [.integer(training)]
        ).map { $0.integer(0) }
    }

    private func replace(_ entry: inout JobEntry) throws -> Bool {
        let text = try connection.row("SELECT job FROM jobs WHERE id = ?", [.integer(entry.id)])!.text(0)
        let job: JobDescription = try WireCoding.decode(from: Data(text.utf8))
        while true {
            let sweep = try sweep(entry.sweep)
            guard let divisor = sweep.policy.policy.retry.outOfMemoryDivisor, let smaller = job.dividingBatch(by: divisor),
                let place = try connection.row(
                    "SELECT position, revision FROM sweep_jobs WHERE sweep = ? AND job = ?", [.integer(sweep.id), .integer(entry.id)])
            else { return false }
            let planned = PlannedJob(position: place.int(0), smaller)
            try leave(&entry, sweep.id)
            let isThere = try connection.row(
                "SELECT 1 FROM sweep_jobs JOIN jobs ON jobs.id = sweep_jobs.job WHERE sweep_jobs.sweep = ? AND identity = ?",
                [.integer(sweep.id), .text(planned.identity)]) != nil
            if !isThere { _ = try enter([planned], sweep, revision: place.int(1)) }
            let replacement = try self.entry(planned.identity)
            try connection.run("UPDATE jobs SET replaced_by = ? WHERE id = ?", [.integer(replacement.id), .integer(entry.id)])
            let size = job.configuration[TrainingOptions.batchSize.name].map { "\($0)" } ?? "?"
            log(
                "replaced by \(replacement.identity.prefix(12)) since it ran out of memory with batch_size \(size)", who: "coordinator",
                job: entry.id, sweep: sweep.id)
            log("in the place of \(entry.identity.prefix(12)), with smaller batches", who: "coordinator", job: replacement.id, sweep: sweep.id)
            // Another sweep may hold the job too, and rules it now.
            guard entry.holders == 0 else { continue }
            // A failure that is reported twice is known by it.
            entry.record.endedToken = entry.record.token
            _ = try takeOut(&entry)
            return true
        }
    }
}

extension JobDescription {
    /// The same job with smaller batches, at least 2 images each; `nil`: it has none to make smaller.
    func dividingBatch(by divisor: Int) -> JobDescription? {
        let option = TrainingOptions.batchSize
        guard let size = option.value(in: configuration), let description = Catalogue.method(method)?.option(option.name) else { return nil }
        let smaller = max(2, size / divisor)
        guard smaller < size, description.accepts(.integer(smaller)) else { return nil }
        var job = self
        job.configuration[option.name] = .integer(smaller)
        return job
    }
}
