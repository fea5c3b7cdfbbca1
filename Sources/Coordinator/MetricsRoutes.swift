import Catalogue
import Foundation
import Hummingbird
import NIOCore
import Wire

extension CoordinatorRoutes {
    func addMetricsRoutes(_ router: Router<CoordinatorContext>) {
        router.get(RouterPath(Routes.metrics)) { _, _ in
            let text = MetricsText(try await store.figures(), store.timings, requests.snapshot).text
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }
}

/// The queue in numbers, at one moment.
struct StoreFigures: Sendable {
    /// Jobs by state; one that several sweeps hold counts in each.
    var jobs: [String: Int] = [:]
    /// The newest sweeps' jobs by state.
    var sweeps: [(name: String, state: String, count: Int)] = []
    /// Seconds since the oldest lease was given out; `nil`: nothing is leased.
    var leaseAge: Double?
    /// Seconds until the first lease runs out; negative when that is past.
    var leaseExpiry: Double?
    /// Workers heard of in the last two minutes.
    var workers = 0
}

extension Ledger {
    /// Sweeps whose jobs are told one by one.
    private static let sweepLimit = 100

    func figures() throws -> StoreFigures {
        var figures = StoreFigures()
        for row in try connection.rows("SELECT state, CAST(sum(count) AS BIGINT) FROM counters GROUP BY state", []) {
            figures.jobs[row.text(0)] = row.int(1)
        }
        figures.sweeps = try connection.rows(
            """
            SELECT newest.name, state, count FROM (SELECT id, name FROM sweeps ORDER BY submitted DESC, id DESC LIMIT ?) AS newest
            JOIN counters ON counters.sweep = newest.id WHERE count > 0 ORDER BY newest.name, state
            """, [.int(Self.sweepLimit)]
        ).map { ($0.text(0), $0.text(1), $0.int(2)) }
        let lease = try connection.row(
            """
            SELECT min(attempts.started), min(jobs.expires) FROM jobs
            JOIN attempts ON attempts.job = jobs.id AND attempts.token = jobs.token WHERE jobs.state = 'leased'
            """, [])
        figures.leaseAge = lease?.optionalReal(0).map { max(0, now - $0) }
        figures.leaseExpiry = lease?.optionalReal(1).map { $0 - now }
        figures.workers = try connection.row("SELECT count(*) FROM workers WHERE seen > ?", [.real(now - Self.presence)])?.int(0) ?? 0
        return figures
    }
}
