import Foundation
import Sweep
import TestSupport
import Testing
import Wire

@testable import Client

/// What the client sends when an operator looks and steers.
@Suite struct ControlTests {
    private static let changed = #"{"changed":3}"#

    @Test func controlNamesItsTargetInThePath() async throws {
        let server = AnsweringServer { _ in .init(Self.changed) }
        let client = CoordinatorClient(url: server.url)
        let request = ControlRequest(action: .prioritise, priority: -4, who: "anna@host")
        #expect(try await client.control(sweep: "demo", request).changed == 3)
        #expect(try await client.control(job: "0123abcd", request).changed == 3)
        #expect(try await client.control(worker: "host-1", request).changed == 3)
        #expect(
            server.requests.map { "\($0.method) \($0.path)" } == [
                "POST /v1/sweeps/demo/control", "POST /v1/jobs/0123abcd/control", "POST /v1/workers/host-1/control",
            ])
        for sent in server.requests {
            #expect(try WireCoding.decode(ControlRequest.self, from: sent.body) == request)
        }
    }

    @Test func namesAreEscapedInPathsAndQueries() async throws {
        let server = AnsweringServer { $0.method == "POST" ? .init(Self.changed) : .init(#"{"events":[],"next":0}"#) }
        let client = CoordinatorClient(url: server.url)
        _ = try await client.control(worker: "a b/../c?d#é%", ControlRequest(action: .pause, who: "w"))
        _ = try await client.events(after: -5, limit: 7, sweep: "x&y=z", job: "0123abcd", wait: 12.4)
        #expect(
            server.requests.map(\.path) == [
                "/v1/workers/a%20b%2F..%2Fc%3Fd%23%C3%A9%25/control",
                "/v1/events?limit=7&after=-5&sweep=x%26y%3Dz&job=0123abcd&wait=13",
            ])
    }

    /// A path is shortened by these on its way, and would ask for something else.
    @Test(arguments: ["", ".", ".."]) func namesThatArePathsAreRefusedUnsent(_ name: String) async throws {
        let server = AnsweringServer { _ in .init(Self.changed) }
        let client = CoordinatorClient(url: server.url)
        let error = await #expect(throws: ClientError.self) {
            try await client.control(sweep: name, ControlRequest(action: .cancel, who: "w"))
        }
        #expect(error?.description.contains("'\(name)'") == true)
        await #expect(throws: ClientError.self) { try await client.job(name) }
        await #expect(throws: ClientError.self) { try await client.sweep(name) }
        #expect(server.requests.isEmpty)
    }

    @Test func answersAreDecoded() async throws {
        let worker = WorkerStatus(
            description: .sample,
            seen: 12.5, jobs: 2, isPaused: true)
        let explanation = Explanation(
            identity: "0123abcd", state: .pending, reasons: ["no worker has the tag 'fast'"],
            nearest: .init(identity: "89abcdef", differences: ["epochs: 20 here, 40 there"]))
        let event = Event(id: 9, at: 1, who: "w", what: "leased", job: "0123abcd", sweep: nil)
        let server = AnsweringServer { request in
            let body: any Encodable & Sendable = switch request.path {
            case "/v1/workers": WorkerList(workers: [worker])
            case "/v1/jobs/0123abcd/explain": explanation
            default: EventPage(events: [event], next: 9)
            }
            return .init(String(decoding: try! WireCoding.encode(body), as: UTF8.self))
        }
        let client = CoordinatorClient(url: server.url)
        #expect(try await client.workers().workers == [worker])
        #expect(try await client.explanation(of: "0123abcd") == explanation)
        let page = try await client.events()
        #expect(page.events == [event] && page.next == 9)
    }
}

extension WorkerDescription {
    /// A small one.
    static let sample = WorkerDescription(
        name: "w", instance: WorkerInstance.make(), host: "h", resources: .init(threads: 1, memory: 1),
        platform: .init(device: "cpu", libtorch: "2.13.0", kernels: "avx512"), datasets: ["d": .init(fingerprint: "f")], methods: ["ae"])
}
