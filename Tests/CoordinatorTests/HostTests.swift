import Foundation
import Testing
import Wire

@testable import Coordinator

/// Whom a request asks, and who is answered without a token.
@Suite struct HostTests {
    private func status(
        _ served: DoorServer, _ hosts: [String], _ path: String = "/v1/sweeps", token: String? = nil
    ) async throws -> Int? {
        let connection = try served.connect()
        let fields = hosts.map { "Host: \($0)\r\n" }.joined() + (token.map { "Authorization: Bearer \($0)\r\n" } ?? "")
        await connection.send("GET \(path) HTTP/1.1\r\n\(fields)Connection: close\r\n\r\n")
        return await connection.answer()?.status
    }

    @Test(arguments: [
        "localhost", "LocalHost:7733", "127.0.0.1", "127.0.0.1:1", "127.255.3.4:65535", "[::1]", "[::1]:7733",
        "[0:0:0:0:0:0:0:1]:80",
    ])
    func thisMachinesNames(_ host: String) { #expect(HostName.isLoopback(host)) }

    @Test(arguments: [
        "", "rebound.example", "localhost.example", "localhost:x", "localhost:80@elsewhere.example", "localhost:",
        "127.0.0.1.example", "127.1",
        "128.0.0.1", "0177.0.0.1", "2130706433", "0.0.0.0", "::1", "[::1", "[::2]", "[::ffff:127.0.0.1]", "[::1]x", "local host",
        "localhost,x",
        "127.0.0.1:123456",
    ])
    func othersNames(_ host: String) { #expect(!HostName.isLoopback(host)) }

    /// A stranger's name that leads here gives a stranger's page nothing (DNS rebinding).
    @Test func strangersNamesAreRefusedWithoutTokens() async throws {
        let served = try await DoorServer { $0.origins = [try #require(WebOrigin("http://lab.example/medsweep/"))] }
        for path in ["/v1/sweeps", "/", "/healthz", "/metrics", "/dashboard/app.js"] {
            #expect(try await status(served, ["rebound.example:\(served.port)"], path) == 400, "\(path)")
            #expect(try await status(served, ["localhost:\(served.port)"], path) == 200, "\(path)")
        }
        #expect(try await status(served, ["lab.example"]) == 200)
        #expect(try await status(served, ["other.example"]) == 400)
        // A whole address in the request does not make up for it.
        #expect(try await status(served, ["rebound.example"], "http://localhost/v1/sweeps") == 400)
        try await served.end()
    }

    @Test func aRequestAsksOneHost() async throws {
        let token = "operator-token-0123456789"
        let guarded = try await DoorServer { configuration in
            let file = configuration.stateFolder.deletingLastPathComponent().appending(path: "tokens")
            try Data("operator \(token)\n".utf8).write(to: file)
            configuration.tokenFile = file
        }
        let open = try await DoorServer()
        for served in [guarded, open] {
            #expect(try await status(served, [], token: token) == 400)
            #expect(try await status(served, ["localhost", "localhost"], token: token) == 400)
            #expect(try await status(served, ["localhost", "rebound.example"], token: token) == 400)
            #expect(try await status(served, ["localhost"], token: token) == 200)
        }
        // Who has a token may call the coordinator what he likes.
        #expect(try await status(guarded, ["cluster.example"], token: token) == 200)
        try await guarded.end()
        try await open.end()
    }
}
