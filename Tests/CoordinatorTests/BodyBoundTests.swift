import Catalogue
import Foundation
import Sweep
import Testing
import Wire

@testable import Coordinator

/// What bodies may hold, and how much of them is kept in memory.
@Suite struct BodyBoundTests {
    private let token = "operator-token-0123456789"

    private func guarded(_ change: (inout ConnectionLimits) -> Void = { _ in }) async throws -> DoorServer {
        try await DoorServer { configuration in
            let file = configuration.stateFolder.deletingLastPathComponent().appending(path: "tokens")
            try Data("operator \(token)\n".utf8).write(to: file)
            configuration.tokenFile = file
            change(&configuration.limits)
        }
    }

    /// Who has shown no token is not listened to at length.
    @Test func strangersBodiesAreShort() async throws {
        let served = try await guarded()
        let head = "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nX-Medsweep: 1\r\n"
        let announced = try served.connect()
        // Nothing of the body is sent: its length is enough.
        await announced.send(head + "Content-Length: 8000000\r\n\r\n")
        #expect(await announced.answer()?.status == 413)
        let chunked = try served.connect()
        await chunked.send(
            head + "Transfer-Encoding: chunked\r\n\r\n" + "2000\r\n" + String(repeating: " ", count: 0x2000) + "\r\n")
        #expect(await chunked.answer()?.status == 413)
        try await served.end()
    }

    /// Bodies that never end take no more than their share; when they are gone, there is room again.
    @Test func halfSentBodiesShareABudget() async throws {
        let served = try await guarded { $0.strangersBodies = 10_000 }
        func half() async throws -> RawConnection {
            let connection = try served.connect()
            await connection.send(
                "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nX-Medsweep: 1\r\nContent-Length: 4000\r\n\r\n"
                    + String(repeating: " ", count: 3000))
            return connection
        }
        var held: [RawConnection] = []
        for _ in 0..<3 { held.append(try await half()) }
        for connection in held { #expect(await connection.receive(seconds: 0.2).text.isEmpty) }
        let body = #"{"token":"\#(token)"}"# + String(repeating: " ", count: 1500)
        func signIn() async throws -> Int? {
            let connection = try served.connect()
            await connection.send(
                "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nX-Medsweep: 1\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            return await connection.answer()?.status
        }
        #expect(try await signIn() == 503)
        // Those with a token are served as ever.
        #expect(
            try await served.status("POST", Routes.control(worker: "w"), String(repeating: " ", count: 20_000), token: token) == 400
        )
        held.removeAll()
        for _ in 0..<200 where try await signIn() != 200 { try await Task.sleep(for: .milliseconds(50)) }
        #expect(try await signIn() == 200)
        try await served.end()
    }

    private func body(_ value: some Encodable) throws -> String { String(decoding: try WireCoding.encode(value), as: UTF8.self) }

    @Test func textsHaveBounds() async throws {
        let served = try await DoorServer()
        let long = String(repeating: "ä", count: RequestBounds.nameLength + 1)
        var workers = [
            WorkerDescription.sample(long), .sample(datasets: [long: "f"]), .sample(datasets: ["brain": long]),
            .sample(tags: [long]),
        ]
        workers.append(.sample(weights: [long]))
        workers.append(.sample(methods: [long]))
        for change in [\WorkerDescription.host, \.platform.device, \.platform.libtorch, \.platform.kernels] {
            var worker = WorkerDescription.sample()
            worker[keyPath: change] = long
            workers.append(worker)
        }
        workers.append(.sample(tags: Array(repeating: "t", count: RequestBounds.mostNames + 1)))
        for worker in workers { #expect(try await served.status("POST", Routes.leases, body(LeaseRequest.sample(worker))) == 400) }
        // As long as may be.
        #expect(try await served.status("POST", Routes.leases, body(LeaseRequest.sample(.sample(String(long.dropLast()))))) == 200)
        #expect(
            try await served.status("POST", Routes.control(worker: "w"), body(ControlRequest(action: .pause, who: long))) == 400)
        let identity = String(repeating: "a", count: 64)
        var progress = JobProgress.sample(epoch: 1)
        progress.stage = long
        let beat = HeartbeatRequest(token: LeaseToken(number: 1, seal: .instance("s")), progress: progress)
        #expect(try await served.status("POST", Routes.heartbeat(identity), body(beat)) == 400)
        let source = "sweep: s\nmatrix: {method: ae, dataset: brain, seed: 0}\n"
        func submit(_ file: String, _ overrides: [String], _ contents: [String: DatasetContent]) async throws -> Int? {
            try await served.status(
                "POST", Routes.plan, body(SubmitRequest(source: source, file: file, overrides: overrides, contents: contents)))
        }
        let contents = ["brain": DatasetContent(fingerprint: "f")]
        #expect(try await submit("s.yaml", [], contents) == 200)
        #expect(try await submit(String(repeating: "f", count: RequestBounds.fileLength + 1), [], contents) == 400)
        #expect(try await submit("s.yaml", Array(repeating: "seed=1", count: RequestBounds.mostOverrides + 1), contents) == 400)
        #expect(try await submit("s.yaml", [], ["brain": .init(fingerprint: long)]) == 400)
        try await served.end()
    }

    /// A leased job of a coordinator.
    private func leased(_ served: DoorServer) async throws -> Lease {
        let source = "sweep: s\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: brain, seed: 0}\n"
        let submit = try body(
            SubmitRequest(source: source, file: "s.yaml", overrides: [], contents: ["brain": .init(fingerprint: "f")]))
        #expect(try await served.status("POST", Routes.sweeps, submit) == 200)
        let connection = try served.connect()
        let ask = try body(LeaseRequest.sample())
        await connection.send(
            "POST \(Routes.leases) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(ask.utf8.count)\r\n\r\n\(ask)")
        let answer = try #require(await connection.answer())
        return try #require(try WireCoding.decode(LeaseResponse.self, from: Data(answer.body.utf8)).leases.first)
    }

    /// A long error is kept as far as it goes; the attempt's failure is not lost for it.
    @Test func errorsAreCut() async throws {
        let served = try await DoorServer()
        let lease = try await leased(served)
        let failure = FailureRequest(
            token: lease.token, kind: .error, error: String(repeating: "é", count: 1 << 20), logTail: "", signal: nil)
        #expect(try await served.status("POST", Routes.failure(lease.identity), body(failure)) == 200)
        let connection = try served.connect()
        await connection.send("GET \(Routes.job(lease.identity)) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let detail = try WireCoding.decode(JobDetail.self, from: Data(try #require(await connection.answer()).body.utf8))
        #expect(detail.attempts.first?.error == String(repeating: "é", count: RequestBounds.sentenceLength - 1) + "…")
        try await served.end()
    }

    @Test func resultsHoldWhatTheCatalogueKnows() async throws {
        let served = try await DoorServer()
        let lease = try await leased(served)
        func post(_ change: (inout JobResult) -> Void) async throws -> Int? {
            var result = JobResult.sample()
            change(&result)
            return try await served.status(
                "POST", Routes.result(lease.identity), body(ResultRequest(token: lease.token, result: result)))
        }
        let digest = String(repeating: "0", count: 64)
        let refused: [(inout JobResult) -> Void] = [
            { $0.metrics["../../../../newdir/pwned"] = 0.5 }, { $0.metrics["auc "] = 0.5 }, { $0.metrics["temperature"] = 1 },
            { $0.metrics["auc"] = 7.5 },
            { $0.metrics["ap"] = -0.1 }, { $0.trainingSeconds = -1 }, { $0.wallSeconds = -1 }, { $0.peakMemory = -1 },
            { $0.artefacts = [.init(name: "../x", sha256: digest, size: 1)] },
            { $0.artefacts = [.init(name: "a/b", sha256: digest, size: 1)] },
            { $0.artefacts = [.init(name: "a", sha256: digest, size: -1)] },
            { $0.artefacts = Array(repeating: .init(name: "a", sha256: digest, size: 1), count: RequestBounds.mostArtefacts + 1) },
            { $0.notes = Array(repeating: "n", count: RequestBounds.mostNotes + 1) },
        ]
        for (number, change) in refused.enumerated() { #expect(try await post(change) == 422, "\(number)") }
        let long = String(repeating: "n", count: 5000)
        for change in [{ $0.worker = long }, { $0.host = long }, { $0.notes = [long] }] as [(inout JobResult) -> Void] {
            #expect(try await post(change) == 400)
        }
        // Sums of shares may pass 1 by their rounding, and thresholds are what scores are.
        #expect(try await post { $0.metrics = ["auc": 1 + 1e-12, "ap": 0, "best_threshold": -3.5, "normal_score": 1e6] } == 200)
        try await served.end()
    }

    /// What no worker has told of cannot be a sweep's, and leaves no trace.
    @Test func unknownDataIsRefusedBeforeAnythingIsWritten() async throws {
        let served = try await DoorServer()
        func submit(_ dataset: String, _ contents: [String: DatasetContent]) async throws -> Int? {
            let source = "sweep: s\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: \(dataset), seed: [0, 1]}\n"
            return try await served.status(
                "POST", Routes.sweeps, body(SubmitRequest(source: source, file: "s.yaml", overrides: [], contents: contents)))
        }
        func get(_ path: String) async throws -> String {
            let connection = try served.connect()
            await connection.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return try #require(await connection.answer()).body
        }
        #expect(try await submit("rsna", [:]) == 422)
        #expect(try await get(Routes.sweeps) == #"{"sweeps":[]}"#)
        #expect(try await submit("brain", ["brain": .init(fingerprint: "f")]) == 200)
        // An edit that is refused leaves the sweep as it was.
        #expect(try await submit("rsna", [:]) == 422)
        let status = try WireCoding.decode(SweepStatus.self, from: Data(try await get(Routes.sweep("s")).utf8))
        #expect(status.total == 2)
        #expect(!status.isExpanding)
        #expect(try await get(Routes.source(sweep: "s")).contains("dataset: brain"))
        try await served.end()
    }
}
