import Catalogue
import Crypto
import Foundation
import Sweep
import Synchronization
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

    private let listener: Int32
    let port: UInt16
    private let steps: Mutex<[Step]>
    private let seen = Mutex<[String]>([])

    init(_ steps: [Step]) {
        self.steps = Mutex(steps)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(listener, pointer, length)
                _ = getsockname(listener, pointer, &length)
            }
        }
        listen(listener, 16)
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.serve() }
    }

    deinit { close(listener) }

    /// The request lines that came.
    var requests: [String] { seen.withLock { $0 } }
    var url: URL { URL(string: "http://127.0.0.1:\(port)")! }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            while let request = readRequest(connection) {
                seen.withLock { $0.append(request) }
                let step = steps.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                guard case .some(let step) = step, respond(step, connection) else { break }
            }
            close(connection)
        }
    }

    private func readRequest(_ connection: Int32) -> String? {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = data.range(of: Data("\r\n\r\n".utf8)) {
                let head = String(decoding: data[..<end.lowerBound], as: UTF8.self)
                let length = head.lowercased().components(separatedBy: "content-length: ").dropFirst().first
                    .flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
                if data.count >= end.upperBound + length { return head.components(separatedBy: "\r\n")[0] }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            data.append(contentsOf: buffer[..<count])
        }
    }

    private func respond(_ step: Step, _ connection: Int32) -> Bool {
        func write(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } }
        switch step {
        case .answer(let status, let body):
            write("HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            return true
        case .hangUp: return false
        // Read on: the other end's going away is what ends it.
        case .silence: return true
        case .flood(let count):
            write("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
            let piece = String(repeating: "x", count: 1 << 16)
            for _ in 0..<count / (1 << 16) { write(piece) }
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
        let worker = WorkerDescription(name: "w", host: "h", device: "cpu", memory: 1, datasets: [:], methods: [], engine: "e")
        await #expect(throws: ClientError.self) {
            try await CoordinatorClient(url: server.url, patience: Self.patience).lease(LeaseRequest(worker: worker, count: 1, wait: 0))
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
        let worker = WorkerDescription(name: "w", host: "h", device: "cpu", memory: 1, datasets: [:], methods: [], engine: "e")
        // A lease that may take a day: only the cancelling can end it.
        let silent = Task {
            try await CoordinatorClient(url: server.url).lease(LeaseRequest(worker: worker, count: 1, wait: 86_400))
        }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        silent.cancel()
        await #expect(throws: CancellationError.self) { try await silent.value }
    }
}
