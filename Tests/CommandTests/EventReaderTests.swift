import Client
import Foundation
import TestSupport
import Testing
import Wire

@testable import medsweep

/// The event log is read on from where it was left.
@Suite struct EventReaderTests {
    /// Serves events 1...`count`, at most `most` a page, as a coordinator does.
    private func server(count: Int64, most: Int = 1000) -> AnsweringServer {
        AnsweringServer { request in
            let query = URLComponents(string: request.path)?.queryItems ?? []
            func number(_ name: String) -> Int64? { query.first { $0.name == name }?.value.flatMap { Int64($0) } }
            let after = number("after") ?? 0
            let start = after < 0 ? max(0, count + after) : after
            let ids = (0..<count).map { $0 + 1 }.filter { $0 > start }.prefix(min(most, Int(number("limit") ?? 100)))
            let page = EventPage(
                events: ids.map { Event(id: $0, at: 0, who: "w", what: "leased", job: nil, sweep: nil) }, next: ids.last ?? start)
            return .init(String(decoding: try! WireCoding.encode(page), as: UTF8.self))
        }
    }

    @Test func pagesFollowEachOther() async throws {
        let server = server(count: 7, most: 3)
        var reader = EventReader(client: CoordinatorClient(url: server.url), after: -5)
        #expect(try await reader.next().map(\.id) == [3, 4, 5])
        #expect(try await reader.next().map(\.id) == [6, 7])
        #expect(try await reader.next(wait: 2).isEmpty)
        #expect(reader.position == 7)
        #expect(
            server.requests.map(\.path) == [
                "/v1/events?limit=1000&after=-5", "/v1/events?limit=1000&after=5",
                "/v1/events?limit=1000&after=7&wait=2",
            ])
    }

    @Test func emptyLogsAreReadFromTheirBeginning() async throws {
        // As a coordinator might answer that gives back what it was asked.
        let server = AnsweringServer { _ in .init(#"{"events":[],"next":-50}"#) }
        var reader = EventReader(client: CoordinatorClient(url: server.url), sweep: "demo", after: -50)
        #expect(try await reader.next().isEmpty)
        #expect(reader.position == 0)
    }
}
