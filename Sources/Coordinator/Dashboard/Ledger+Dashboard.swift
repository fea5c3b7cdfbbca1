import Catalogue
import Foundation
import Sweep
import Wire

/// What the dashboard looks at and nobody else.
extension Ledger {
    /// The states of a sweep's jobs behind a position.
    func grid(sweep name: String, after: Int, limit: Int) throws -> JobGrid {
        let id = try sweep(named: name).id
        let rows = try connection.rows(
            """
            SELECT position, state FROM (SELECT sweep_jobs.position AS position, state
            FROM sweep_jobs JOIN jobs ON jobs.id = sweep_jobs.job
            WHERE sweep_jobs.sweep = ? AND sweep_jobs.position > ? ORDER BY sweep_jobs.position LIMIT ?) AS page ORDER BY position
            """,
            [.integer(id), .int(after), .int(limit)])
        var states = ""
        var next = after + 1
        for row in rows where row.int(0) >= next {
            for _ in next..<row.int(0) { states.append(" ") }
            states.append(JobState(rawValue: row.text(1))?.letter ?? " ")
            next = row.int(0) + 1
        }
        return JobGrid(first: after + 1, states: states, next: rows.count == limit ? next - 1 : nil)
    }

    /// Places and states of some jobs in a sweep; jobs that are not in it are left out.
    func gridChanges(sweep name: String, jobs identities: [String]) throws -> [JobGrid.Change] {
        let id = try sweep(named: name).id
        return try stride(from: 0, to: identities.count, by: 32).flatMap { start in
            let chunk = identities[start..<min(start + 32, identities.count)]
            // Always as many, so that there is one statement to prepare.
            let padded = chunk.map(SQLValue.text) + Array(repeating: SQLValue.text(""), count: 32 - chunk.count)
            return try connection.rows(
                """
                SELECT sweep_jobs.position, state FROM jobs JOIN sweep_jobs ON sweep_jobs.job = jobs.id
                WHERE sweep_jobs.sweep = ? AND identity IN (\(Self.places))
                """,
                [.integer(id)] + padded
            ).map { JobGrid.Change(position: $0.int(0), state: String(JobState(rawValue: $0.text(1))?.letter ?? " ")) }
        }
    }

    private static let places = Array(repeating: "?", count: 32).joined(separator: ", ")
}

/// The states of a sweep's jobs, one letter each: pending, leased, done, failed, cancelled, quarantined, or a blank
/// where no job has the position.
struct JobGrid: Codable, Sendable, Hashable {
    /// The position of the first letter.
    var first: Int
    var states: String
    /// Pass as `after` to get the next page; `nil`: this was the last.
    var next: Int?

    /// A job that has another state now.
    struct Change: Codable, Sendable, Hashable {
        var position: Int
        var state: String
    }
}
