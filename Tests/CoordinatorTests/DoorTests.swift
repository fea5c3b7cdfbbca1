import Client
import Foundation
import Hummingbird
import Testing
import Wire

@testable import Coordinator

/// Slow, greedy and confused clients.
@Suite struct ConnectionLimitTests {
    private let health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

    private func server(_ change: @Sendable (inout ConnectionLimits) -> Void) async throws -> DoorServer {
        try await DoorServer { change(&$0.limits) }
    }

    /// `text` byte by byte.
    private func bytes(_ text: String) -> [String] { text.map { String($0) } }

    @Test func dribbledHeadsAreCut() async throws {
        let served = try await server { $0.head = 0.6 }
        let endless = bytes(health.dropLast(2) + "X: " + String(repeating: "y", count: 300))
        #expect(try #require(await served.connect().dribble(endless, every: 0.1).seconds) < 6)
        // One that says nothing at all goes the same way.
        #expect(try await served.connect().receive(seconds: 4).isClosed)
        // And a second head on a connection that was good before.
        let connection = try served.connect()
        await connection.send(health)
        #expect(await connection.answer()?.status == 200)
        #expect(try #require(await connection.dribble(endless, every: 0.1).seconds) < 6)
        #expect(await served.isWell)
        try await served.end()
    }

    @Test func dribbledBodiesAreCutAndSlowOnesAreNot() async throws {
        let served = try await server {
            $0.body = 0.6
            $0.bodyBytes = 64
        }
        let head = "POST /v1/plan HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n"
        let connection = try served.connect()
        #expect(try #require(await connection.dribble([head] + Array(repeating: " ", count: 300), every: 0.1).seconds) < 6)
        let slow = try served.connect()
        let (seconds, text) = await slow.dribble([head] + Array(repeating: String(repeating: " ", count: 80), count: 25), every: 0.1)
        // Blanks are no sweep, but they arrived.
        if seconds != nil || !text.isEmpty { #expect(text.hasPrefix("HTTP/1.1 400")) } else { #expect(await slow.answer()?.status == 400) }
        try await served.end()
    }

    /// The time that an answer takes is the coordinator's own.
    @Test func longPollsAreNotCut() async throws {
        let served = try await server {
            $0.head = 0.4
            $0.body = 0.4
            $0.idle = 0.4
            $0.answer = 0.4
        }
        let worker = WorkerDescription.sample(datasets: [:], methods: [])
        let body = String(decoding: try WireCoding.encode(LeaseRequest.sample(worker, wait: 2)), as: UTF8.self)
        let start = Date()
        let connection = try await RawConnection.asking(
            served.port, "POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(await connection.answer()?.status == 200)
        #expect(Date().timeIntervalSince(start) > 1.9)
        // After the answer it is idle, and closed in time.
        #expect(await connection.receive(seconds: 3).isClosed)
        try await served.end()
    }

    /// A worker that waits for work and goes is given none.
    @Test func workersThatAreGoneGetNothing() async throws {
        let served = try await server { _ in }
        let worker = WorkerDescription.sample("gone")
        func lease(_ worker: WorkerDescription, wait: Double) throws -> String {
            let body = String(decoding: try WireCoding.encode(LeaseRequest.sample(worker, wait: wait)), as: UTF8.self)
            return "POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        var waiting: RawConnection? = try await RawConnection.asking(served.port, lease(worker, wait: 30))
        #expect(await waiting?.receive(seconds: 0.5).isClosed == false)
        waiting = nil
        // Until the coordinator has heard of it.
        try await Task.sleep(for: .milliseconds(300))
        let submit = String(
            decoding: try WireCoding.encode(
                SubmitRequest(
                    source: "sweep: s\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: brain, seed: 0}", file: "s.yaml", overrides: [],
                    contents: ["brain": .init(fingerprint: "f")])), as: UTF8.self)
        #expect(try await served.status("POST", Routes.sweeps, submit) == 200)
        try await Task.sleep(for: .milliseconds(300))
        var next = worker
        (next.name, next.instance) = ("next", .instance("next"))
        let answer = try #require(await RawConnection.asking(served.port, lease(next, wait: 5)).answer())
        let leases = try WireCoding.decode(LeaseResponse.self, from: Data(answer.body.utf8)).leases
        #expect(leases.map(\.token.number) == [1])
        try await served.end()
    }

    @Test func idleConnectionsAreKeptForAWhile() async throws {
        let served = try await server { $0.idle = 1 }
        let connection = try served.connect()
        #expect(await connection.ask(health, count: 4, pause: 0.4) == [200, 200, 200, 200])
        let start = Date()
        #expect(await connection.receive(seconds: 5).isClosed)
        #expect(Date().timeIntervalSince(start) < 4)
        try await served.end()
    }

    @Test func thereAreOnlySoManyConnections() async throws {
        let served = try await server { $0.connections = 3 }
        var held: [RawConnection] = []
        for _ in 0..<3 {
            held.append(try served.connect())
            await held.last?.send(health)
            #expect(await held.last?.answer()?.status == 200)
        }
        let further = try served.connect()
        await further.send(health)
        #expect(await further.receive(seconds: 5) == ("", true))
        // Those within go on, and their places are free again afterwards.
        await held[0].send(health)
        #expect(await held[0].answer()?.status == 200)
        held.removeAll()
        #expect(await served.becomesWell())
        try await served.end()
    }

    /// A client that asks for much and takes nothing does not hold its place for good.
    @Test func answersThatNobodyTakesAreCut() async throws {
        let served = try await server {
            $0.answer = 0.5
            $0.connections = 1
        }
        let store = ArtefactStore(folder: served.folder.appending(path: "state/artefacts"))
        let digest = String(repeating: "a", count: 64)
        let place = store.place(digest)
        try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(count: 64 << 20).write(to: place)
        let greedy = try served.connect()
        await greedy.send("GET \(Routes.artefact(digest)) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try await Task.sleep(for: .milliseconds(200))
        #expect(await !served.isWell)
        #expect(await served.becomesWell())
        withExtendedLifetime(greedy) {}
        // One that takes it slowly but steadily gets it whole.
        try await Task.sleep(for: .milliseconds(300))
        let steady = try served.connect()
        await steady.send("GET \(Routes.artefact(digest)) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        var count = 0
        while true {
            let (text, isClosed) = await steady.receive(seconds: 0.02)
            count += text.utf8.count
            if isClosed { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(count > 64 << 20)
        try await served.end()
    }

    /// Whatever comes is refused or its connection closed, and the next client is served as ever.
    @Test func abuseEndsInARefusal() async throws {
        let served = try await server {
            $0.head = 2
            $0.body = 2
            $0.idle = 2
        }
        let large = String(repeating: "x", count: 200_000)
        let post = "POST /v1/plan HTTP/1.1\r\nHost: localhost\r\n"
        let abuses = [
            "GET /\(large) HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: \(large)\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\(large): x\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + (0..<5000).map { "X-\($0): y\r\n" }.joined() + "\r\n",
            "GET /healthz HTTP/9.9\r\n\r\n", "\(large)", "\0\u{1}\u{2}\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET  HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost h\r\n\r\n", "GET http://[::bad HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
            post + "Content-Length: -1\r\n\r\n", post + "Content-Length: 99999999999999999999999\r\n\r\n",
            post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx",
            post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            post + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\n\(large)",
            post + "Transfer-Encoding: chunked\r\n\r\n7FFFFFFFFFFFFFFF\r\n\(large)",
            post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", post + "Transfer-Encoding: chunked\r\n\r\n1;\(large)",
            post + "Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n",
            post + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + (0..<5000).map { "X-\($0): y\r\n" }.joined() + "\r\n",
            post + "Transfer-Encoding: gzip, bogus\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ]
        await withTaskGroup(of: Void.self) { group in
            for (number, abuse) in abuses.enumerated() {
                group.addTask {
                    guard let connection = try? served.connect() else { return }
                    await connection.send(abuse)
                    let (text, isClosed) = await connection.receive(seconds: 12)
                    let status = Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0
                    #expect((400..<500).contains(status) || isClosed && text.isEmpty, "\(number): \(abuse.prefix(60)): \(text.prefix(80))")
                }
            }
        }
        // An endless body is refused, though it is still being sent.
        let endless = try served.connect()
        await endless.send(post + "Transfer-Encoding: chunked\r\n\r\n")
        let chunk = "100000\r\n" + String(repeating: " ", count: 1 << 20) + "\r\n"
        for _ in 0..<10 { await endless.send(chunk) }
        #expect(await endless.answer()?.status == 413)
        while await endless.send(chunk) {}
        // Hundreds of requests at once are answered one after the other.
        let pipelined = try served.connect()
        await pipelined.send(String(repeating: health, count: 300))
        let (answers, _) = await pipelined.receive(seconds: 30)
        #expect(answers.components(separatedBy: "HTTP/1.1 200 OK").count == 301)
        #expect(await served.isWell)
        try await served.end()
    }
}

/// Certificates of the tests' own authority, made afresh.
private struct Authority {
    let folder: URL
    var root: URL { folder.appending(path: "root.pem") }
    var files: TLSFiles { TLSFiles(certificate: folder.appending(path: "server.pem"), key: folder.appending(path: "server.key")) }

    init(in folder: URL) async throws {
        self.folder = folder
        let extensions = folder.appending(path: "extensions")
        try Data("subjectAltName=IP:127.0.0.1,DNS:localhost\n".utf8).write(to: extensions)
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try await Self.openssl(["req", "-x509", "-days", "2", "-subj", "/CN=medsweep test root", "-keyout", "root.key", "-out", "root.pem"] + key, in: folder)
        try await Self.openssl(["req", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"] + key, in: folder)
        try await Self.openssl(
            ["x509", "-req", "-days", "2", "-in", "server.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
             "-extfile", extensions.path, "-out", "server.pem"], in: folder)
    }

    @discardableResult
    static func openssl(_ arguments: [String], in folder: URL, mustSucceed: Bool = true) async throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let (end, ended) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in ended.finish() }
        try process.run()
        for await _ in end {}
        if mustSucceed { #expect(process.terminationStatus == 0, "openssl \(arguments)") }
        return process.terminationStatus
    }
}

@Suite struct TLSTests {
    private func authority() async throws -> Authority {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try await Authority(in: folder)
    }

    @Test func clientsThatTrustItsRootAreServed() async throws {
        let authority = try await authority()
        defer { try? FileManager.default.removeItem(at: authority.folder) }
        let served = try await DoorServer { configuration in
            configuration.tls = authority.files
            configuration.limits.head = 1
        }
        for host in ["127.0.0.1", "localhost"] {
            let client = CoordinatorClient(url: URL(string: "https://\(host):\(served.port)")!, certificates: authority.root, patience: 0)
            #expect(try await client.sweeps().sweeps.isEmpty)
        }
        let stranger = CoordinatorClient(url: URL(string: "https://127.0.0.1:\(served.port)")!)
        let start = Date()
        let error = await #expect(throws: ClientError.self) { try await stranger.sweeps() }
        #expect(error?.description.contains("https://127.0.0.1:\(served.port)") == true)
        #expect(error?.description.contains("--ca-file") == true, "\(error.map { "\($0)" } ?? "")")
        // Trying again is of no use, and is not tried.
        #expect(Date().timeIntervalSince(start) < 5)
        // Without TLS there is nothing to be had, nor with an old one.
        let plain = CoordinatorClient(url: URL(string: "http://127.0.0.1:\(served.port)")!, patience: 0)
        await #expect(throws: ClientError.self) { try await plain.sweeps() }
        let dial = ["s_client", "-connect", "127.0.0.1:\(served.port)", "-cipher", "DEFAULT@SECLEVEL=0"]
        #expect(try await Authority.openssl(dial + ["-tls1_2"], in: authority.folder, mustSucceed: false) == 0)
        #expect(try await Authority.openssl(dial + ["-tls1_1"], in: authority.folder, mustSucceed: false) != 0)
        // A handshake that never comes is not waited for.
        #expect(try await served.connect().receive(seconds: 5).isClosed)
        try await served.end()
    }

    @Test func badFilesAreNamed() async throws {
        let authority = try await authority()
        defer { try? FileManager.default.removeItem(at: authority.folder) }
        let good = authority.files
        let (rootKey, text) = (authority.folder.appending(path: "root.key"), authority.folder.appending(path: "extensions"))
        let absent = authority.folder.appending(path: "absent.pem")
        func said(_ certificate: URL, _ key: URL, _ culprit: URL, _ part: String) {
            let error = #expect(throws: CoordinatorError.self) {
                try CoordinatorServer(configuration: {
                    var configuration = CoordinatorConfiguration(stateFolder: authority.folder.appending(path: "state"))
                    configuration.tls = TLSFiles(certificate: certificate, key: key)
                    return configuration
                }())
            }
            #expect(error?.kind == .badCertificate)
            #expect(error?.description.contains("'\(culprit.path)'") == true && error?.description.contains(part) == true, "\(error.map { "\($0)" } ?? "")")
        }
        said(absent, good.key, absent, "cannot read")
        said(good.certificate, absent, absent, "cannot read")
        said(text, good.key, text, "no certificate")
        said(good.key, good.key, good.key, "no certificate")
        said(good.certificate, text, text, "no private key")
        said(good.certificate, good.certificate, good.certificate, "no private key")
        said(good.certificate, rootKey, rootKey, "belongs to it")
        #expect(!FileManager.default.fileExists(atPath: authority.folder.appending(path: "state").path))
    }
}

@Suite struct RoleTests {
    private typealias Door = TokenMiddleware

    @Test func workersMayDoWhatIsListed() {
        let identity = String(repeating: "a", count: 64)
        let allowed: [(HTTPRequest.Method, String)] = [
            (.post, Routes.leases), (.post, Routes.heartbeat(identity)), (.post, Routes.checkpoint(identity)),
            (.post, Routes.result(identity)), (.post, Routes.failure(identity)), (.post, Routes.release(identity)),
            (.put, Routes.artefact(identity)), (.get, Routes.artefact(identity)),
        ]
        for (method, path) in allowed { #expect(Door.isForWorkers(method, path), "\(method) \(path)") }
        let paths = allowed.map(\.1) + [
            Routes.sweeps, Routes.plan, Routes.sweep("s"), Routes.jobs(sweep: "s"), Routes.job(identity), Routes.events,
            Routes.workers, Routes.control(worker: "w"), Routes.control(sweep: "s"), Routes.control(job: identity),
            Routes.explain(identity), "/", "", "/v1", "/v1/", "/v1/leases/", "//v1/leases", "/v1//leases", "/v1/LEASES",
            "v1/leases", "/v1/jobs/x/heartbeat/", "/v1/jobs/x/heartbeat/y", "/v1/jobs/heartbeat", "/v2/leases", "/v1/artefacts",
        ]
        let methods: [HTTPRequest.Method] = [.get, .post, .put, .delete, .patch, .head, .options]
        for path in paths {
            for method in methods where !allowed.contains(where: { $0 == (method, path) }) {
                #expect(!Door.isForWorkers(method, path), "\(method) \(path)")
            }
        }
    }

    @Test func controlIsForOperators() async throws {
        let (worker, boss) = ("worker-token-0123456789", "operator-token-0123456789")
        let served = try await DoorServer { configuration in
            let file = configuration.stateFolder.deletingLastPathComponent().appending(path: "tokens")
            try Data("worker \(worker)\noperator \(boss)\n".utf8).write(to: file)
            configuration.tokenFile = file
        }
        for path in [Routes.control(job: "x"), Routes.explain("x"), Routes.control(sweep: "s"), Routes.sweeps] {
            #expect(try await served.status("POST", path, "{}", token: worker) == 403, "\(path)")
            #expect(try await served.status("POST", path, "{}") == 401, "\(path)")
            #expect(try await served.status("POST", path, "{}", token: boss) != 403, "\(path)")
        }
        #expect(try await served.status("POST", Routes.heartbeat("x"), "{}", token: worker) == 400)
        #expect(try await served.status("GET", "/healthz") == 200)
        // Nearly right is wrong.
        for token in ["", " ", String(boss.dropLast()), boss + "0", boss.uppercased(), "operator"] {
            #expect(try await served.status("GET", Routes.sweeps, token: token) == 401, "'\(token)'")
        }
        try await served.end()
    }

    @Test func tokensAreNotNamedInErrors() throws {
        let file = URL.temporaryDirectory.appending(path: "medsweep-tokens-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        for line in ["worker secret-secret-secret more", "boss secret-secret-secret", "operator secret"] {
            try Data(line.utf8).write(to: file)
            let error = #expect(throws: CoordinatorError.self) { try Tokens(file: file) }
            #expect(error?.description.contains("secret") == false)
        }
    }
}
