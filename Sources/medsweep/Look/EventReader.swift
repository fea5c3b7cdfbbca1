import Client
import Wire

/// Reads the event log page by page.
struct EventReader: Sendable {
    /// The most events of a page, and so the most that can be asked for from the end.
    static let pageSize = 1000

    var client: CoordinatorClient
    let sweep: String?
    let job: String?
    /// The last event that was read; negative: so many from the end.
    private(set) var position: Int64

    /// - Parameter after: the last event that is known already; `-N`: begin with the N-th last.
    init(client: CoordinatorClient, sweep: String? = nil, job: String? = nil, after: Int64) {
        self.client = client
        self.sweep = sweep
        self.job = job
        position = after
    }

    /// The next events, at most `limit`; none: there are no more yet, or `wait` seconds brought none.
    mutating func next(limit: Int = pageSize, wait: Double = 0) async throws -> [Event] {
        let page = try await client.events(
            after: position, limit: min(limit, Self.pageSize), sweep: sweep, job: job, wait: wait)
        // An empty log has no last event; nothing that comes later is to be missed.
        position = max(0, page.next)
        return page.events
    }
}
