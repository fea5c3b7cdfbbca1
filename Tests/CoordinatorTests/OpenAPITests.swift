import Catalogue
import Foundation
import FoundationNetworking
import Hummingbird
import Logging
import Sweep
import Testing
import Wire

@testable import Coordinator

/// The OpenAPI document says what the coordinator does, and all of it.
@Suite struct OpenAPITests {
    /// For people and their browsers: `/`, its files, and what only they need.
    private static let pages: Set<String> = [
        "GET /", "GET /dashboard/{file}", "GET /v1/session", "POST /v1/session", "DELETE /v1/session", "GET /v1/stream",
    ]

    @Test func everyRouteIsDocumentedAndNoOther() throws {
        let store = JobStore(try SQLiteDatabase()) {}
        let (waiters, logger) = (LeaseWaiters(), Logger(label: "test"))
        let folder = URL.temporaryDirectory
        let router = CoordinatorRoutes(
            store: store, artefacts: ArtefactStore(folder: folder), waiters: waiters,
            configuration: CoordinatorConfiguration(stateFolder: folder), tokens: nil, seal: LeaseSeal(secret: "s"), logger: logger,
            sessions: DashboardSessions(isSecure: false), dashboard: DashboardStream(store: store, waiters: waiters, logger: logger), ownPage: OwnPage(origins: []),
            bodies: MemoryBudget(bytes: 0), strangersBodies: MemoryBudget(bytes: 0)
        ).router()
        let routes = router.routes.map { "\($0.method.rawValue) \($0.path)" }
        #expect(Self.pages.isSubset(of: routes))
        let documented = DocumentedRoute.all.map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(documented) == Set(routes).subtracting(Self.pages))
        let names = DocumentedRoute.all.map(\.operation.operationId)
        #expect(Set(names).count == names.count && Set(documented).count == documented.count)
    }

    @Test func placeholdersAndReferencesAreThere() throws {
        for route in DocumentedRoute.all {
            let placeholders = route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
            #expect(route.operation.parameters?.filter { $0.in == .path }.map(\.name) ?? [] == placeholders, "\(route.path)")
        }
        let document = try Document(OpenAPIDocument.coordinator(wantsTokens: true))
        for reference in document.references {
            #expect(document.resolve(reference) != nil, "\(reference)")
        }
        #expect(document.json["openapi"] as? String == "3.1.0")
    }

    @Test func schemasAreThoseOfTheBodies() throws {
        let schemas = try SchemaCheck(Document(OpenAPIDocument.coordinator(wantsTokens: false)))
        for sample in try BodySamples.all { schemas.compare(sample.value, with: sample.schema) }
        // Those that are no type's, but part of what one may be.
        #expect(schemas.unused == ["StoredFile", "WorkerControlRequest"])
    }

    // MARK: A coordinator

    private struct Answer {
        let status: Int
        let type: String?
        let allow: String?
        let body: Data
    }

    private func ask(
        _ served: DoorServer, _ method: String, _ path: String, _ body: Data? = nil, token: String? = nil
    ) async throws -> Answer {
        var request = URLRequest(url: URL(string: "http://127.0.0.1:\(served.port)\(path)")!)
        request.httpMethod = method
        request.httpBody = body
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        let (data, response) = try await URLSession.shared.data(for: request)
        let http = response as! HTTPURLResponse
        return Answer(
            status: http.statusCode, type: http.value(forHTTPHeaderField: "Content-Type"), allow: http.value(forHTTPHeaderField: "Allow"),
            body: data)
    }

    /// A path with something in its placeholders' places.
    private static func filled(_ path: String) -> String { path.replacing(/\{[a-z]+\}/, with: String(repeating: "0a", count: 32)) }

    @Test func theDocumentIsServed() async throws {
        let served = try await DoorServer()
        let answer = try await ask(served, "GET", Routes.document)
        #expect(answer.status == 200 && answer.type == "application/json")
        #expect(answer.body == (try WireCoding.encode(OpenAPIDocument.coordinator(wantsTokens: false))))
        try await served.end()
    }

    @Test func wrongMethodsAreToldTheRightOnes() async throws {
        let served = try await DoorServer()
        let methods = Dictionary(grouping: DocumentedRoute.all, by: \.path).mapValues { Set($0.map(\.method.rawValue)) }
        for (path, known) in methods {
            for method in Set(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]).subtracting(known) {
                let answer = try await ask(served, method, Self.filled(path))
                #expect(answer.status == 405 && answer.type == "application/problem+json", "\(method) \(path)")
                #expect(answer.allow == known.sorted().joined(separator: ", "))
                #expect(try WireCoding.decode(Problem.self, from: answer.body).status == 405)
            }
        }
        #expect(try await ask(served, "PATCH", Routes.session).allow == "DELETE, GET, POST")
        for path in ["/nothing", "/v1", "/v1/sweeps/a/b/c", "/v1/jobs", "/dashboard"] {
            for method in ["GET", "POST", "DELETE"] {
                let answer = try await ask(served, method, path)
                #expect(answer.status == 404 && answer.type == "application/problem+json" && answer.allow == nil, "\(method) \(path)")
            }
        }
        // A refused HEAD has no body, which would be taken for the next answer.
        let connection = try served.connect()
        await connection.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        let text = await connection.receive(seconds: 20).text
        #expect(text.hasPrefix("HTTP/1.1 405 ") && text.components(separatedBy: "\r\n\r\n")[1].hasPrefix("HTTP/1.1 200 "))
        try await served.end()
    }

    @Test func rolesAreDocumented() async throws {
        let (worker, boss) = ("worker-token-123456", "operator-token-1234")
        let served = try await DoorServer { configuration in
            let file = configuration.stateFolder.deletingLastPathComponent().appending(path: "tokens")
            try Data("worker \(worker)\noperator \(boss)\n".utf8).write(to: file)
            configuration.tokenFile = file
        }
        let document = try Document(JSONSerialization.jsonObject(with: await ask(served, "GET", Routes.document).body))
        #expect(document.json["security"] as? [[String: [String]]] == [["bearer": []]])
        for route in DocumentedRoute.all {
            let (method, path) = (route.method.rawValue, Self.filled(route.path))
            let operation = try #require((document.json["paths"] as? [String: [String: [String: Any]]])?[route.path]?[method.lowercased()])
            let documented = Set((operation["responses"] as? [String: Any] ?? [:]).keys)
            let body = method == "GET" ? nil : Data()
            let anonymous = try await ask(served, method, path, body).status
            #expect((anonymous == 401) == (route.access != .anybody), "\(method) \(path)")
            #expect(documented.contains("401") == (anonymous == 401))
            #expect((operation["security"] == nil) == (anonymous == 401))
            let asWorker = try await ask(served, method, path, body, token: worker).status
            #expect((asWorker == 403) == (route.access == .operators), "\(method) \(path)")
            #expect(asWorker != 403 || documented.contains("403"))
            let asOperator = try await ask(served, method, path, body, token: boss).status
            #expect(documented.contains("\(asOperator)"), "\(method) \(path): \(asOperator)")
        }
        try await served.end()
    }

    // MARK: Bounds

    @Test func numbersOutOfBoundsAreRefused() async throws {
        let served = try await DoorServer()
        let request = StoreConformanceTests.request()
        #expect(try await ask(served, "POST", Routes.sweeps, WireCoding.encode(request)).status == 200)
        for query in ["after=-9223372036854775808", "after=9223372036854775807", "limit=0", "limit=1001", "wait=-1", "wait=60.5"] {
            #expect(try await ask(served, "GET", "\(Routes.events)?\(query)").status == 400, "\(query)")
        }
        for query in ["after=9223372036854775807&state=pending", "after=-2", "limit=-1"] {
            #expect(try await ask(served, "GET", "\(Routes.jobs(sweep: "s"))?\(query)").status == 400, "\(query)")
            #expect(try await ask(served, "GET", "\(Routes.grid(sweep: "s"))?\(query)").status == 400, "\(query)")
        }
        for (count, wait) in [(-1, 0.0), (4097, 0), (1, -0.5), (1, 61)] {
            let lease = LeaseRequest.sample(limit: count, wait: wait)
            #expect(try await ask(served, "POST", Routes.leases, WireCoding.encode(lease)).status == 400, "\(count), \(wait)")
        }
        for free in [WorkerResources(threads: -1, memory: 1), .init(threads: 1, memory: .min), .init(threads: 1, memory: 1, gpus: [.max])] {
            let lease = LeaseRequest(worker: .sample(), free: free, limit: 1, wait: 0)
            #expect(try await ask(served, "POST", Routes.leases, WireCoding.encode(lease)).status == 400, "\(free)")
        }
        for offset in [-1, Int64.min, Int64.max] {
            let piece = LogPiece(offset: offset, text: "l")
            let path = String(repeating: "ab", count: 32)
            let beat = HeartbeatRequest(token: 1, progress: nil, log: piece)
            #expect(try await ask(served, "POST", Routes.heartbeat(path), WireCoding.encode(beat)).status == 400, "\(offset)")
            #expect(try await ask(served, "POST", Routes.release(path), WireCoding.encode(ReleaseRequest(token: 1, log: piece))).status == 400)
            let failure = FailureRequest(token: 1, error: "e", logTail: "", signal: nil, log: piece)
            #expect(try await ask(served, "POST", Routes.failure(path), WireCoding.encode(failure)).status == 400)
            let result = ResultRequest(token: 1, result: StoreConformanceTests.result(), log: piece)
            #expect(try await ask(served, "POST", Routes.result(path), WireCoding.encode(result)).status == 400)
        }
        let control = ControlRequest(action: .pause, priority: 1001, who: "me")
        #expect(try await ask(served, "POST", Routes.control(sweep: "s"), WireCoding.encode(control)).status == 400)
        #expect(await served.isWell)
        try await served.end()
    }

    /// Whatever a worker says of itself and its times, the coordinator stays well and sweeps can be looked at.
    @Test func oddWorkersDoNoHarm() async throws {
        let served = try await DoorServer()
        #expect(try await ask(served, "POST", Routes.sweeps, WireCoding.encode(StoreConformanceTests.request())).status == 200)
        let lease = LeaseRequest.sample(StoreConformanceTests.worker(".health"), limit: 4)
        let given = try await ask(served, "POST", Routes.leases, WireCoding.encode(lease))
        let leases = try WireCoding.decode(LeaseResponse.self, from: given.body).leases
        #expect(leases.count == 4)
        #expect(await served.isWell)
        for lease in leases.prefix(3) {
            var result = StoreConformanceTests.result()
            result.wallSeconds = 1.7e308
            let posted = try WireCoding.encode(ResultRequest(token: lease.token, result: result))
            #expect(try await ask(served, "POST", Routes.result(lease.identity), posted).status == 200)
        }
        let beat = HeartbeatRequest(token: leases[3].token, progress: .init(stage: "", unit: "", done: .min, total: 1, work: .min, share: -1e300))
        #expect(try await ask(served, "POST", Routes.heartbeat(leases[3].identity), WireCoding.encode(beat)).status == 200)
        let status = try WireCoding.decode(SweepStatus.self, from: await ask(served, "GET", Routes.sweep("s")).body)
        #expect(status.progress == 0.75 && status.remaining == 3e9)
        try await served.end()
    }
}
