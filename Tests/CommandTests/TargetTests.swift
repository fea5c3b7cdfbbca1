import Client
import Sweep
import TestSupport
import Testing
import Wire

@testable import medsweep

/// How a word on the command line finds its sweep or job.
@Suite struct TargetTests {
    /// A coordinator with one sweep, whose name could be a job's.
    private func server() throws -> AnsweringServer {
        let status = SweepStatus(
            name: "deadbeef", submitted: 0, jobs: [:], total: 0, progress: 0, remaining: nil, running: [], failing: [],
            policy: SweepPolicy())
        let body = String(decoding: try WireCoding.encode(status), as: UTF8.self)
        return AnsweringServer { request in
            request.path == "/v1/sweeps/deadbeef" ? .init(body) : .problem(404, "there is no such sweep")
        }
    }

    @Test func wordsAreSweepsUnlessTheyAreDigitsThatNoSweepHas() async throws {
        let server = try server()
        let client = CoordinatorClient(url: server.url)
        #expect(try await ControlTarget.resolve("demo", as: nil, client: client) == .sweep("demo"))
        #expect(try await ControlTarget.resolve("0123abc", as: nil, client: client) == .sweep("0123abc"))
        #expect(server.requests.isEmpty)
        #expect(try await ControlTarget.resolve("deadbeef", as: nil, client: client) == .sweep("deadbeef"))
        #expect(try await ControlTarget.resolve("DEADBEEF", as: nil, client: client) == .job("deadbeef"))
        #expect(try await ControlTarget.resolve("0123abcd", as: nil, client: client) == .job("0123abcd"))
        #expect(server.requests.count == 3)
    }

    @Test func flagsDecideWithoutAsking() async throws {
        let server = try server()
        let client = CoordinatorClient(url: server.url)
        #expect(try await ControlTarget.resolve("deadbeef", as: .job, client: client) == .job("deadbeef"))
        #expect(try await ControlTarget.resolve("0123abcd", as: .sweep, client: client) == .sweep("0123abcd"))
        #expect(server.requests.isEmpty)
    }

    /// Anything but "there is none" is no reason to take a sweep for a job.
    @Test func otherRefusalsAreNotTakenForAbsence() async throws {
        let server = AnsweringServer { _ in .problem(403, "this token may not") }
        let client = CoordinatorClient(url: server.url)
        await #expect(throws: ClientError.self) {
            try await ControlTarget.resolve("0123abcd", as: nil, client: client)
        }
        #expect(server.requests.count == 1)
    }
}
