import Catalogue
import Crypto
import Foundation
import Sweep
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Client

/// A server that answers each connection's requests with the next of some prepared answers.
private final class Scripted: Sendable {
    enum Step: Sendable {
        case answer(Int, String)
        /// Closes the connection without a word.
        case hangUp
        /// More bytes than it promised to be.
        case flood(Int)
        /// Keeps the connection and never says a word.
        case silence
    }

    private final class Script: Sendable {
        let steps: Mutex<[Step]>
        let seen = Mutex<[String]>([])
        init(_ steps: [Step]) { self.steps = Mutex(steps) }
    }

    private let script: Script
    private let server: LoopbackServer

    init(_ steps: [Step]) {
        let script = Script(steps)
        self.script = script
        server = LoopbackServer { connection in
            while let request = connection.request() {
                script.seen.withLock { $0.append("\(request.method) \(request.path) HTTP/1.1") }
                let step = script.steps.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                guard let step, Scripted.respond(step, connection) else { return }
            }
        }
    }

    /// The request lines that came.
    var requests: [String] { script.seen.withLock { $0 } }
    var url: URL { server.url }

    /// - Returns: whether the connection goes on.
    private static func respond(_ step: Step, _ connection: LoopbackServer.Connection) -> Bool {
        switch step {
        case .answer(let status, let body): return connection.answer(status, body)
        case .hangUp: return false
        // Read on: the other end's going away is what ends it.
        case .silence: return true
        case .flood(let count):
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
            let piece = String(repeating: "x", count: 1 << 16)
            for _ in 0..<count / (1 << 16) { connection.send(piece) }
            return false
        }
    }
}

@Suite struct ClientTests {
    /// Patience that no loaded machine outlasts: what is tested is that a request is sent again, not how soon.
    private static let patience = 600.0

    private let empty = #"{"sweeps":[]}"#

    @Test func answersAreDecodedOverOneConnection() async throws {
        let server = Scripted([.answer(200, empty), .answer(200, empty), .answer(200, empty)])
        let client = CoordinatorClient(url: server.url)
        for _ in 0..<3 { #expect(try await client.sweeps().sweeps.isEmpty) }
        #expect(server.requests == Array(repeating: "GET /v1/sweeps HTTP/1.1", count: 3))
    }

    @Test func passingFailuresAreTriedAgain() async throws {
        let server = Scripted([.answer(503, ""), .hangUp, .answer(429, ""), .answer(507, ""), .answer(200, empty)])
        let client = CoordinatorClient(url: server.url, patience: Self.patience)
        #expect(try await client.sweeps().sweeps.isEmpty)
        #expect(server.requests.count == 5)
    }

    @Test func refusalsAreNotTriedAgain() async throws {
        let server = Scripted([.answer(409, #"{"status":409,"title":"t","detail":"the token is stale"}"#)])
        let error = await #expect(throws: ClientError.self) { try await CoordinatorClient(url: server.url).sweeps() }
        #expect(error?.description == "the token is stale")
        #expect(server.requests.count == 1)
    }

    @Test func impatienceAsksOnce() async throws {
        let server = Scripted([.answer(503, ""), .answer(200, empty)])
        await #expect(throws: ClientError.self) { try await CoordinatorClient(url: server.url, patience: 0).sweeps() }
        #expect(server.requests.count == 1)
    }

    @Test func leasesAreAskedForOnce() async throws {
        let server = Scripted([.hangUp, .answer(200, #"{"leases":[]}"#)])
        let worker = WorkerDescription.sample
        await #expect(throws: ClientError.self) {
            try await CoordinatorClient(url: server.url, patience: Self.patience).lease(LeaseRequest(worker: worker, free: worker.resources, limit: 1, wait: 0))
        }
        #expect(server.requests.count == 1)
    }

    @Test func unreachableAddressesAreNamed() async throws {
        let url = Scripted([]).url
        let error = await #expect(throws: ClientError.self) {
            // A port that nobody listens on: the discard port.
            try await CoordinatorClient(url: URL(string: "http://127.0.0.1:9")!, patience: 0).sweeps()
        }
        #expect(error?.description.contains("http://127.0.0.1:9") == true)
        #expect(error?.description.contains("medsweep serve") == true)
        #expect(url.port != 9)
    }

    @Test func strangersAreRecognised() async throws {
        let server = Scripted([.answer(200, "<html>hello</html>")])
        let error = await #expect(throws: ClientError.self) { try await CoordinatorClient(url: server.url).sweeps() }
        #expect(error?.description.contains("no medsweep coordinator") == true)
    }

    @Test func answersAreBounded() async throws {
        let server = Scripted([.flood(80 << 20)])
        let error = await #expect(throws: ClientError.self) { try await CoordinatorClient(url: server.url, patience: 0).sweeps() }
        #expect(error?.description.contains("larger than") == true)
    }

    @Test func downloadsAreVerified() async throws {
        let file = URL.temporaryDirectory.appending(path: "medsweep-client-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let digest = SHA256.hash(data: Data("right".utf8)).hexadecimal
        let server = Scripted([.answer(200, "wrong"), .answer(200, "right"), .answer(200, "right")])
        let client = CoordinatorClient(url: server.url, patience: 0)
        await #expect(throws: ClientError.self) { try await client.fetchArtefact(digest, to: file) }
        #expect(!FileManager.default.fileExists(atPath: file.path))
        try await client.fetchArtefact(digest, to: file)
        #expect(try Data(contentsOf: file) == Data("right".utf8))
        #expect(try await client.artefact(digest) == Data("right".utf8))
    }

    @Test func filesAreUploaded() async throws {
        let file = URL.temporaryDirectory.appending(path: "medsweep-client-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(repeating: 7, count: 3 << 20).write(to: file)
        let digest = try FileDigest.sha256(of: file)
        let server = Scripted([.answer(503, ""), .answer(200, "{}")])
        try await CoordinatorClient(url: server.url, patience: Self.patience).putArtefact(file, sha256: digest)
        #expect(server.requests == Array(repeating: "PUT /v1/artefacts/\(digest) HTTP/1.1", count: 2))
        await #expect(throws: ClientError.self) {
            try await CoordinatorClient(url: server.url, patience: 0).putArtefact(URL(filePath: "/no/such"), sha256: digest)
        }
    }

    /// A cancelled task does not wait for a silent server.
    @Test(.timeLimit(.minutes(10))) func cancellingBreaksOff() async throws {
        let server = Scripted([.silence])
        let worker = WorkerDescription.sample
        // A lease that may take a day: only the cancelling can end it.
        let silent = Task {
            try await CoordinatorClient(url: server.url).lease(LeaseRequest(worker: worker, free: worker.resources, limit: 1, wait: 86_400))
        }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        silent.cancel()
        await #expect(throws: CancellationError.self) { try await silent.value }
    }
}
