import Foundation
import Sweep
import TestSupport
import Testing
import Wire

@testable import Coordinator

/// Damaged bodies, paths and heads to every route of a real coordinator: never a 5xx, never a crash.
@Suite struct RouteFuzzTests {
    private struct Call: Sendable {
        let method: String
        let path: String
        let body: [UInt8]
    }

    private static let identity = String(repeating: "ab", count: 32)

    private func calls() throws -> [Call] {
        let worker = WorkerDescription.sample(gpus: [1 << 30], weights: ["x"], tags: ["y"])
        let result = JobResult.sample(losses: [1, 0.5])
        let source = "sweep: s\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: brain, seed: \"range(0, 3)\"}\n"
        let submit = SubmitRequest(source: source, file: "s.yaml", overrides: ["epochs=1,2"], contents: ["brain": .init(fingerprint: "f")])
        func call(_ path: String, _ body: some Encodable) throws -> Call {
            Call(method: "POST", path: path, body: Array(try WireCoding.encode(body)))
        }
        let gets = [
            Routes.sweeps, Routes.sweep("s"), Routes.jobs(sweep: "s") + "?after=0&limit=2&state=pending", Routes.job(Self.identity),
            Routes.health, Routes.events + "?after=1&limit=2", Routes.workers, Routes.explain(Self.identity),
            Routes.artefact(Self.identity),
        ]
        return try [
            call(Routes.sweeps, submit), call(Routes.plan, submit), call(Routes.leases, LeaseRequest.sample(worker, limit: 2)),
            call(Routes.heartbeat(Self.identity), HeartbeatRequest(token: 1, progress: .sample(epoch: 1))),
            call(Routes.checkpoint(Self.identity), CheckpointRequest(token: 1, checkpoint: .init(sha256: Self.identity, work: 1))),
            call(Routes.result(Self.identity), ResultRequest(token: 1, result: result)),
            call(Routes.failure(Self.identity), FailureRequest(token: 1, kind: .crash, error: "e", logTail: "l", signal: 11)),
            call(Routes.release(Self.identity), ReleaseRequest(token: 1)),
            call(Routes.control(sweep: "s"), ControlRequest(action: .pause, priority: 3, who: "me")),
            call(Routes.control(job: Self.identity), ControlRequest(action: .retry, who: "me")),
            call(Routes.control(worker: "w"), ControlRequest(action: .resume, who: "me")),
            Call(method: "PUT", path: Routes.artefact(Self.identity), body: Array("some bytes".utf8)),
        ] + gets.map { Call(method: "GET", path: $0, body: []) }
    }

    private static let words = [
        "null", "true", "-1", "0", "1e400", "-1e308", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1.5", "\"\"",
        "\"x\"", "[]", "{}", "[[", "}", ":", ",", "\"\\u0000\"", "\"\\ud800\"", "\"../../etc/passwd\"", "NaN", "\"token\"", "[null]",
    ]

    @Test func damagedRequestsAreAnsweredWithARefusal() async throws {
        let served = try await DoorServer()
        let calls = try calls()
        // A job that is leased, so that some requests get further.
        #expect(try await served.status("POST", Routes.sweeps, String(decoding: calls[0].body, as: UTF8.self)) == 200)
        let answered = try await withThrowingTaskGroup(of: Int.self) { group in
            for (number, call) in calls.enumerated() {
                group.addTask { try await Self.abuse(served, call, seed: UInt64(number)) }
            }
            return try await group.reduce(0, +)
        }
        #expect(answered > 1500)
        // It works as before.
        #expect(await served.isWell)
        #expect(try await served.status("POST", Routes.sweeps, String(decoding: calls[0].body, as: UTF8.self)) == 200)
        #expect(try await served.status("POST", Routes.leases, String(decoding: calls[2].body, as: UTF8.self)) == 200)
        try await served.end()
    }

    /// Sends a call in a hundred damaged ways; returns how many of them got an answer.
    private static func abuse(_ served: DoorServer, _ call: Call, seed: UInt64) async throws -> Int {
        var mutation = Mutation(seed: seed)
        var connection = try served.connect()
        var answered = 0
        for round in 0..<(call.body.isEmpty ? 80 : 160) {
            var (path, body) = (call.path, call.body)
            switch round % 4 {
            case 0 where !body.isEmpty: body = mutation.damaged(body)
            case 3: path = damagedPath(path, &mutation)
            case _ where !body.isEmpty: body = Array(mutation.damaged(String(decoding: body, as: UTF8.self), words: words).utf8)
            default: path = damagedPath(path, &mutation)
            }
            let head = "\(call.method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n\r\n"
            await connection.send(Data(Array(head.utf8) + body))
            // A wait in a damaged lease request may be a long one.
            let limit = call.path == Routes.leases ? 0.5 : 20.0
            if let status = await connection.answer(seconds: limit)?.status {
                answered += 1
                #expect(status < 500, "\(call.method) \(path): \(status) for \(String(decoding: body, as: UTF8.self))")
                if status == 400 { connection = try served.connect() }
            } else {
                connection = try served.connect()
            }
        }
        return answered
    }

    /// A path as a client could send it: whatever the damage, it is one word.
    private static func damagedPath(_ path: String, _ mutation: inout Mutation) -> String {
        let damaged = mutation.damaged(path, words: ["..", "%2F", "%00", "%ff", "%", "?", "&after=-9", "limit=1e9", "//", "a", "*", ":name", "%E2%82", ";"])
        return "/" + damaged.filter { $0.isASCII && !$0.isWhitespace }.drop { $0 == "/" }
    }
}
