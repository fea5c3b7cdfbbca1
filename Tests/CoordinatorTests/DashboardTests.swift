import Foundation
import FoundationNetworking
import Hummingbird
import Sweep
import TestSupport
import Testing
import Wire

@testable import Coordinator

/// The page that the coordinator serves, what it feeds on, and who may use it.
@Suite struct DashboardTests {
    private let operatorToken = "operator-token-0001"
    private let workerToken = "worker-token-000001"

    private struct Answer {
        let status: Int
        let head: String
        let body: String

        /// The first field of a name.
        func field(_ name: String) -> String? {
            head.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { $0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces) }
        }
    }

    private func ask(
        _ served: DoorServer, _ method: String, _ path: String, _ fields: [String: String] = [:], body: String? = nil
    ) async throws -> Answer {
        let connection = try served.connect()
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(served.port)\r\nConnection: close\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
        await connection.send(head + "\r\n" + (body ?? ""))
        let text = await connection.receive(seconds: 20).text
        let parts = text.components(separatedBy: "\r\n\r\n")
        let status = Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0
        return Answer(status: status, head: parts[0], body: parts.dropFirst().joined(separator: "\r\n\r\n"))
    }

    private func guarded() async throws -> DoorServer {
        try await DoorServer { configuration in
            let file = configuration.stateFolder.deletingLastPathComponent().appending(path: "tokens")
            try Data("operator \(operatorToken)\nworker \(workerToken)\n".utf8).write(to: file)
            configuration.tokenFile = file
        }
    }

    private func submission(_ seeds: Int) throws -> String {
        let source = "sweep: s\nmatrix: {method: ae, dataset: brain, seed: 'range(0, \(seeds))'}\n"
        return String(
            decoding: try WireCoding.encode(
                SubmitRequest(source: source, file: "s.yaml", overrides: [], contents: ["brain": .init(fingerprint: "f")])), as: UTF8.self)
    }

    @Test func pageIsServedWithItsPolicy() async throws {
        let served = try await guarded()
        let page = try await ask(served, "GET", "/")
        #expect(page.status == 200)
        #expect(page.field("Content-Type")?.hasPrefix("text/html") == true)
        let policy = try #require(page.field("Content-Security-Policy"))
        #expect(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"))
        #expect(page.field("X-Content-Type-Options") == "nosniff")
        // Everything that the page and its modules name is there.
        for name in DashboardFiles.all.keys {
            let file = try await ask(served, "GET", "/dashboard/\(name)")
            #expect(file.status == 200 && !file.body.isEmpty, "\(name)")
            for other in file.body.matches(of: /from "\.\/([a-z]+\.js)"/) {
                #expect(DashboardFiles.all[String(other.1)] != nil, "\(other.1) in \(name)")
            }
        }
        #expect(try await ask(served, "GET", "/dashboard/other.js").status == 404)
        #expect(try await ask(served, "GET", "/v1/stream").status == 401)
        try await served.end()
    }

    @Test func tokensAreExchangedForCookies() async throws {
        let served = try await guarded()
        let own = ["X-Medsweep": "1", "Origin": "http://127.0.0.1:\(served.port)", "Sec-Fetch-Site": "same-origin"]
        func signIn(_ token: String, _ fields: [String: String]) async throws -> Answer {
            try await ask(served, "POST", "/v1/session", fields, body: #"{"token":"\#(token)"}"#)
        }
        #expect(try await signIn("not-a-token-at-all", own).status == 401)
        #expect(try await signIn(workerToken, own).status == 403)
        #expect(try await signIn(operatorToken, [:]).status == 403)
        let answer = try await signIn(operatorToken, own)
        #expect(answer.status == 200)
        let set = try #require(answer.field("Set-Cookie"))
        for part in ["HttpOnly", "SameSite=Strict"] { #expect(set.contains(part)) }
        // Below the page, wherever a proxy has put it.
        #expect(!set.contains("Path"))
        #expect(!set.contains("Secure"))
        let cookie = ["Cookie": "other=1; " + set.prefix { $0 != ";" }]
        #expect(try await ask(served, "GET", "/v1/sweeps", cookie).status == 200)
        #expect(try await ask(served, "GET", "/v1/session", cookie).body.contains(#""isSignedIn":true"#))

        // What changes something needs more than the cookie.
        let plan = try submission(2)
        func post(_ fields: [String: String]) async throws -> Int {
            try await ask(served, "POST", "/v1/plan", fields, body: plan).status
        }
        #expect(try await post(cookie) == 403)
        #expect(try await post(cookie.merging(own) { $1 }) == 200)
        let elsewhere = ["X-Medsweep": "1", "Origin": "http://elsewhere.example"]
        #expect(try await post(cookie.merging(elsewhere) { $1 }) == 403)
        #expect(try await post(cookie.merging(own) { $1 }.merging(["Sec-Fetch-Site": "cross-site"]) { $1 }) == 403)
        #expect(try await post(["Authorization": "Bearer \(operatorToken)"]) == 200)

        let end = try await ask(served, "DELETE", "/v1/session", cookie.merging(own) { $1 })
        #expect(end.status == 200 && end.field("Set-Cookie")?.contains("Max-Age=0") == true)
        #expect(try await ask(served, "GET", "/v1/sweeps", cookie).status == 401)
        try await served.end()
    }

    @Test func sessionsEnd() {
        let sessions = DashboardSessions(isSecure: true)
        let id = sessions.begin(.operator, now: 1000)
        #expect(id.utf8.count == 64)
        #expect(sessions.role(of: id, now: 1000 + DashboardSessions.duration - 1) == .operator)
        #expect(sessions.role(of: id, now: 1000 + DashboardSessions.duration) == nil)
        func request(_ fields: HTTPFields) -> Request {
            Request(head: .init(method: .post, scheme: "http", authority: "h", path: "/v1/session", headerFields: fields), body: .init(buffer: .init()))
        }
        #expect(sessions.cookieText(id, for: request([:])).hasSuffix("; Secure"))
        // Behind a proxy that speaks https for a coordinator that does not.
        let plain = DashboardSessions(isSecure: false)
        #expect(plain.cookieText(id, for: request([.origin: "https://lab.example"])).hasSuffix("; Secure"))
        #expect(!plain.cookieText(id, for: request([.origin: "http://lab.example"])).contains("Secure"))
    }

    /// Without tokens a browser would do as any page tells it.
    @Test func otherSitesAreRefusedWithoutTokens() async throws {
        let served = try await DoorServer()
        let plan = try submission(2)
        #expect(try await ask(served, "POST", "/v1/plan", body: plan).status == 200)
        #expect(try await ask(served, "POST", "/v1/plan", ["Origin": "http://elsewhere.example"], body: plan).status == 403)
        #expect(try await ask(served, "POST", "/v1/plan", ["Sec-Fetch-Site": "same-site"], body: plan).status == 403)
        try await served.end()
    }

    @Test func gridAndTableComeInShort() async throws {
        let served = try await DoorServer()
        #expect(try await ask(served, "POST", "/v1/sweeps", body: submission(5)).status == 200)
        func grid(_ query: String) async throws -> JobGrid {
            try WireCoding.decode(from: Data(try await ask(served, "GET", "/v1/sweeps/s/grid" + query).body.utf8))
        }
        #expect(try await grid("") == JobGrid(first: 0, states: "ppppp", next: nil))
        #expect(try await grid("?limit=3") == JobGrid(first: 0, states: "ppp", next: 2))
        #expect(try await grid("?limit=3&after=2") == JobGrid(first: 3, states: "pp", next: nil))
        let table: DashboardTable = try WireCoding.decode(
            from: Data(try await ask(served, "GET", "/v1/sweeps/s/table").body.utf8))
        #expect(table.lines.count == 1)
        #expect(table.lines[0].cells["brain"] == .init(expected: 5, isMixed: false, values: [:]))
        #expect(try await ask(served, "GET", "/v1/sweeps/t/grid").status == 404)
        try await served.end()
    }

    @Test func streamTellsWhatChanges() async throws {
        let served = try await DoorServer()
        #expect(try await ask(served, "POST", "/v1/sweeps", body: submission(3)).status == 200)
        let listener = try served.connect()
        await listener.send("GET /v1/stream?sweep=s HTTP/1.1\r\nHost: localhost\r\n\r\n")
        var text = ""
        func hear(_ part: String) async -> Bool {
            for _ in 0..<100 where !text.contains(part) { text += await listener.receive(seconds: 0.1).text }
            return text.contains(part)
        }
        #expect(await hear("event: table"))
        #expect(text.contains("text/event-stream") && text.contains("event: hello") && text.contains(#""pending":3"#))
        let lease = String(decoding: try WireCoding.encode(LeaseRequest.sample()), as: UTF8.self)
        #expect(try await ask(served, "POST", "/v1/leases", body: lease).status == 200)
        #expect(await hear(#"event: grid"#))
        #expect(await hear(#"[{"position":0,"state":"l"}]"#))
        #expect(await hear(#""leased":1,"pending":2"#))
        // A coordinator that stops lets its listeners go.
        try await served.end()
        #expect(await listener.receive(seconds: 10).isClosed)
    }

    // MARK: Proxies

    private func guarded(at origin: String) async throws -> DoorServer {
        try await DoorServer { configuration in
            let file = configuration.stateFolder.deletingLastPathComponent().appending(path: "tokens")
            try Data("operator \(operatorToken)\n".utf8).write(to: file)
            configuration.tokenFile = file
            configuration.origins = [try #require(WebOrigin(origin))]
        }
    }

    /// Everything that the page names is found under the path at which a proxy serves it, and nothing names the server's root.
    @Test func thePageLivesUnderAnyPath() async throws {
        let served = try await DoorServer()
        let proxy = PrefixProxy("/lab/medsweep/", to: served.port)
        let root = URL(string: "http://127.0.0.1:\(proxy.port)/lab/medsweep/")!
        func text(_ url: URL) async throws -> String {
            let (data, answer) = try await URLSession.shared.data(from: url)
            #expect((answer as? HTTPURLResponse)?.statusCode == 200, "\(url)")
            return String(decoding: data, as: UTF8.self)
        }
        let page = try await text(root)
        let names = page.matches(of: /(?:href|src)="([^"#]+)"/).map { String($0.1) }
        #expect(names.count > 10)
        for name in names {
            let address = try #require(URL(string: name, relativeTo: root)).absoluteURL
            let file = try await text(address)
            for other in file.matches(of: /from "([^"]+)"/) { _ = try await text(try #require(URL(string: String(other.1), relativeTo: address)).absoluteURL) }
            #expect(file.matches(of: /["'`]\/(v1|dashboard)\//).isEmpty, "\(name) names an address from the root on")
        }
        #expect(try await text(try #require(URL(string: "v1/sweeps", relativeTo: root)).absoluteURL) == #"{"sweeps":[]}"#)
        let document = try await text(try #require(URL(string: "openapi.json", relativeTo: root)).absoluteURL)
        #expect(document.contains(#""servers":[{"url":"."}]"#))
        try await served.end()
    }

    /// A proxy that asks under the coordinator's own name: the browser says that page and request are of one origin, or the
    /// coordinator is told where its page is.
    @Test func proxiesMayAskUnderAnotherName() async throws {
        let token = #"{"token":"\#(operatorToken)"}"#
        func signIn(_ served: DoorServer, _ fields: [String: String]) async throws -> Answer {
            try await ask(served, "POST", "/v1/session", fields.merging(["X-Medsweep": "1"]) { $1 }, body: token)
        }
        let served = try await guarded()
        let lab = ["Origin": "https://lab.example"]
        #expect(try await signIn(served, lab.merging(["Sec-Fetch-Site": "same-origin"]) { $1 }).status == 200)
        #expect(try await signIn(served, lab.merging(["Sec-Fetch-Site": "same-site"]) { $1 }).status == 403)
        let refused = try await signIn(served, lab)
        #expect(refused.status == 403 && refused.body.contains("--origin https://lab.example"), "\(refused.body)")
        try await served.end()

        let known = try await guarded(at: "https://lab.example/medsweep/")
        #expect(try await signIn(known, lab).status == 200)
        for other in ["http://lab.example", "https://lab.example:8443", "https://lab.example.elsewhere", "null", "https://x@lab.example"] {
            #expect(try await signIn(known, ["Origin": other]).status == 403, "\(other)")
        }
        #expect(try await signIn(known, lab.merging(["Sec-Fetch-Site": "cross-site"]) { $1 }).status == 403)
        try await known.end()
    }

    @Test func filesNeverBecomePages() async throws {
        #expect(ArtefactStore.fileName("examples.png") == "examples.png")
        for name in ["", ".hidden", "a\"b", "a/b", "a\r\nb", "ä.png"] { #expect(ArtefactStore.fileName(name) == nil) }
    }
}
