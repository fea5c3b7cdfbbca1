import Catalogue
import Crypto
import Foundation
import FoundationNetworking
import Sweep
import Testing
import Wire

@testable import Coordinator

/// A coordinator on a free loopback port with a folder of its own, and a plain HTTP client.
private final class Served: Sendable {
    let folder: URL
    let address: String
    private let task: Task<Void, any Error>
    private let ownsFolder: Bool

    init(folder: URL? = nil, lease: Double = 30, heartbeat: Double = 5, tokens: String? = nil) async throws {
        ownsFolder = folder == nil
        let folder = folder ?? URL.temporaryDirectory.appending(path: "medsweep-coordinator-\(UUID().uuidString)")
        self.folder = folder
        var tokenFile: URL?
        if let tokens {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            tokenFile = folder.appending(path: "tokens")
            try Data(tokens.utf8).write(to: tokenFile!)
        }
        let server = try CoordinatorServer(
            configuration: CoordinatorConfiguration(
                stateFolder: folder, port: 0, leaseDuration: lease, heartbeat: heartbeat, tokenFile: tokenFile,
                logLevel: .critical))
        let (addresses, announce) = AsyncStream.makeStream(of: String.self)
        task = Task { try await server.run { host, port in announce.yield("http://\(host):\(port)") } }
        var iterator = addresses.makeAsyncIterator()
        address = await iterator.next()!
    }

    /// Stops serving and lets go of the folder.
    func stop() async throws {
        task.cancel()
        try await task.value
    }

    func end() async throws {
        try await stop()
        if ownsFolder { try FileManager.default.removeItem(at: folder) }
    }

    func send(
        _ method: String, _ path: String, _ body: Data? = nil, token: String? = nil, fields: [String: String] = [:]
    ) async throws -> (status: Int, body: Data, type: String?) {
        var request = URLRequest(url: URL(string: address + path)!)
        request.httpMethod = method
        request.httpBody = body
        request.timeoutInterval = 30
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for (name, value) in fields { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let http = response as! HTTPURLResponse
        return (http.statusCode, data, http.value(forHTTPHeaderField: "Content-Type"))
    }

    func post<Answer: Decodable>(_ path: String, _ body: some Encodable, as type: Answer.Type = Answer.self) async throws -> Answer {
        let answer = try await send("POST", path, WireCoding.encode(body))
        guard answer.status == 200 else { throw try WireCoding.decode(Problem.self, from: answer.body) }
        return try WireCoding.decode(from: answer.body)
    }

    func get<Answer: Decodable>(_ path: String, as type: Answer.Type = Answer.self) async throws -> Answer {
        let answer = try await send("GET", path)
        guard answer.status == 200 else { throw try WireCoding.decode(Problem.self, from: answer.body) }
        return try WireCoding.decode(from: answer.body)
    }

    func submit(_ source: String, path: String = Routes.sweeps) async throws -> SubmitResponse {
        try await post(path, SubmitRequest(source: source, file: "s.yaml", overrides: [], contents: ["brain": .init(fingerprint: "f")]))
    }

    func lease(_ count: Int = 1, wait: Double = 0, worker: String = "w") async throws -> [Lease] {
        try await post(Routes.leases, LeaseRequest.sample(Self.worker(worker), limit: count, wait: wait), as: LeaseResponse.self).leases
    }

    static func worker(_ name: String, fingerprint: String = "f") -> WorkerDescription {
        .sample(name, datasets: ["brain": fingerprint])
    }

    static func result(_ auc: Double = 0.5, artefacts: [Artefact] = []) -> JobResult {
        .sample(auc, artefacts: artefacts)
    }

    func put(_ text: String) async throws -> String {
        let digest = SHA256.hash(data: Data(text.utf8)).hexadecimal
        #expect(try await send("PUT", Routes.artefact(digest), Data(text.utf8)).status == 200)
        return digest
    }

    /// The problem that `body` is answered with.
    func problem(_ method: String, _ path: String, _ body: Data? = nil, token: String? = nil) async throws -> Problem {
        let answer = try await send(method, path, body, token: token)
        #expect(answer.type?.hasPrefix("application/problem+json") == true)
        let problem = try WireCoding.decode(Problem.self, from: answer.body)
        #expect(problem.status == answer.status)
        return problem
    }
}

private func sweep(_ name: String = "s", seeds: Int = 2, _ more: String = "") -> String {
    "sweep: \(name)\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: brain, seed: \"range(0, \(seeds))\"}\n\(more)"
}

@Suite struct CoordinatorTests {
    @Test func aJobFromSubmitToResult() async throws {
        let served = try await Served()
        #expect(try await served.submit(sweep(), path: Routes.plan).new == 2)
        // A plan changes nothing.
        #expect(try await served.get(Routes.sweeps, as: SweepList.self).sweeps.isEmpty)
        let submitted = try await served.submit(sweep())
        #expect(submitted.total == 2 && submitted.new == 2 && submitted.axes["seed"] == ["0": 1, "1": 1])
        let leases = try await served.lease(5)
        #expect(leases.map(\.job.seed) == [0, 1])
        #expect(leases.map(\.token.number) == [1, 1])
        let path = leases[0].identity
        let progress = JobProgress.sample(epoch: 1, of: 2)
        let beat: HeartbeatResponse = try await served.post(
            Routes.heartbeat(path), HeartbeatRequest(token: leases[0].token, progress: progress))
        #expect(beat.action == .continue)
        var status: SweepStatus = try await served.get(Routes.sweep("s"))
        #expect(status.jobs == [.leased: 2] && status.progress == 0.25)
        #expect(status.running.first { $0.identity == path }?.progress == progress)

        let digest = try await served.put("scores")
        let result = ResultRequest(token: leases[0].token, result: Served.result(0.75, artefacts: [.init(name: "scores.json", sha256: digest, size: 6)]))
        for _ in 0..<3 {
            // A replay gets the first answer.
            let answer: Acknowledgement = try await served.post(Routes.result(path), result)
            #expect(answer == Acknowledgement(state: .done, recorded: true))
        }
        status = try await served.get(Routes.sweep("s"))
        #expect(status.jobs == [.done: 1, .leased: 1])
        let page: JobPage = try await served.get(Routes.jobs(sweep: "s") + "?limit=1")
        #expect(page.jobs.first?.result?.metrics["auc"] == 0.75 && page.next == 0)
        let rest: JobPage = try await served.get(Routes.jobs(sweep: "s") + "?after=0")
        #expect(rest.jobs.count == 1 && rest.next == nil)
        #expect(try await served.send("GET", Routes.artefact(digest)).body == Data("scores".utf8))
        // The same work again, in another sweep too, is found finished.
        #expect(try await served.submit(sweep("t", seeds: 1)).reused == 1)
        try await served.end()
    }

    @Test func failuresAreTriedAgainAndThenQuarantined() async throws {
        let served = try await Served()
        _ = try await served.submit(sweep(seeds: 1, "retry: {max_attempts: 2, backoff: 1ms..1ms}"))
        for token in 1...2 {
            let lease = try #require(try await served.lease(wait: 5).first)
            #expect(lease.token.number == Int64(token))
            #expect(lease.attempt == token)
            let failure = FailureRequest(token: lease.token, error: "it broke \(token)", logTail: "log", signal: 11)
            for _ in 0..<2 {
                let answer: Acknowledgement = try await served.post(Routes.failure(lease.identity), failure)
                #expect(answer.state == (token == 2 ? .quarantined : .pending))
            }
        }
        let status: SweepStatus = try await served.get(Routes.sweep("s"))
        #expect(status.jobs == [.quarantined: 1] && status.isFinished)
        #expect(status.failing.first?.error == "it broke 2")
        let detail: JobDetail = try await served.get(Routes.job(try #require(status.failing.first).identity))
        #expect(detail.attempts.map(\.outcome) == ["failed", "failed"] && detail.attempts[0].signal == 11)
        try await served.end()
    }

    /// A lease that runs out is given to another worker, with the checkpoint; the old holder is fenced off, but its
    /// complete result is taken and cancels the newer lease.
    @Test func expiryFencingAndLateResults() async throws {
        let served = try await Served(lease: 0.4, heartbeat: 0.1)
        _ = try await served.submit(sweep(seeds: 1))
        let first = try #require(try await served.lease(worker: "a").first)
        let old = try await served.put("checkpoint 1")
        let new = try await served.put("checkpoint 2")
        for (place, digest) in [old, new].enumerated() {
            let answer: Acknowledgement = try await served.post(
                Routes.checkpoint(first.identity), CheckpointRequest(token: first.token, checkpoint: .init(sha256: digest, work: place + 1)))
            #expect(answer.recorded)
        }
        // The checkpoint that nobody needs any more is gone.
        #expect(try await served.send("GET", Routes.artefact(old)).status == 404)
        let second = try #require(try await served.lease(wait: 10, worker: "b").first)
        #expect(second.identity == first.identity)
        #expect(second.token.number == 2)
        #expect(second.checkpoint == .init(sha256: new, work: 2))
        let stale = try await served.problem(
            "POST", Routes.heartbeat(first.identity), WireCoding.encode(HeartbeatRequest(token: first.token, progress: nil)))
        #expect(stale.status == 409 && stale.detail.contains("stale"))
        let late: Acknowledgement = try await served.post(Routes.result(first.identity), ResultRequest(token: first.token, result: Served.result(0.9)))
        #expect(late.recorded)
        let beat: HeartbeatResponse = try await served.post(
            Routes.heartbeat(first.identity), HeartbeatRequest(token: second.token, progress: nil))
        #expect(beat.action == .cancel)
        let superseded: Acknowledgement = try await served.post(Routes.result(first.identity), ResultRequest(token: second.token, result: Served.result(0.1)))
        #expect(!superseded.recorded)
        let detail: JobDetail = try await served.get(Routes.job(first.identity))
        #expect(detail.result?.metrics["auc"] == 0.9)
        #expect(try await served.send("GET", Routes.artefact(new)).status == 404)
        try await served.end()
    }

    @Test func longPollsWakeWithNewWork() async throws {
        let served = try await Served()
        async let waiting = served.lease(wait: 30)
        try await Task.sleep(for: .milliseconds(200))
        _ = try await served.submit(sweep(seeds: 1))
        let lease = try #require(try await waiting.first)
        async let next = served.lease(wait: 30, worker: "b")
        let answer: Acknowledgement = try await served.post(Routes.release(lease.identity), ReleaseRequest(token: lease.token))
        #expect(answer.state == .pending)
        #expect(try await next.first?.token.number == 2)
        // A coordinator that stops lets waiting workers go at once.
        async let last = served.lease(wait: 60)
        try await Task.sleep(for: .milliseconds(200))
        async let end: Void = served.stop()
        #expect((try? await last)?.isEmpty ?? true)
        try await end
        try FileManager.default.removeItem(at: served.folder)
    }

    @Test func workersGetOnlyWhatTheyCanDo() async throws {
        let served = try await Served()
        _ = try await served.submit(sweep(seeds: 4, "limits: {parallel: 2}\nrequires: {memory: 4GiB}"))
        func asked(_ change: (inout WorkerDescription) -> Void) async throws -> Int {
            var worker = Served.worker("x", fingerprint: "f")
            change(&worker)
            return try await served.post(Routes.leases, LeaseRequest.sample(worker), as: LeaseResponse.self).leases.count
        }
        #expect(try await asked { $0.datasets = ["brain": .init(fingerprint: "another content")] } == 0)
        #expect(try await asked { $0.methods = ["vae"] } == 0)
        #expect(try await asked { $0.resources.memory = 1 << 30 } == 0)
        #expect(try await asked { $0.coreVersion += 1 } == 0)
        #expect(try await served.lease(4).count == 2)
        #expect(try await served.lease(4).isEmpty)
        try await served.end()
    }

    @Test func resubmittingEditsTheSweep() async throws {
        let served = try await Served()
        _ = try await served.submit(sweep(seeds: 4))
        _ = try await served.submit(sweep("other", seeds: 3))
        let lease = try #require(try await served.lease().first)
        let edited = try await served.submit(sweep(seeds: 2))
        // Seed 3 is asked for by nobody any more; seed 2 still is by the other sweep.
        #expect(edited.total == 2 && edited.withdrawn == 1 && edited.queued == 2 && edited.new == 0)
        #expect(lease.job.seed == 0)
        let back = try await served.submit(sweep(seeds: 4))
        #expect(back.new == 1)
        let status: SweepStatus = try await served.get(Routes.sweep("s"))
        #expect(status.jobs == [.leased: 1, .pending: 3])
        try await served.end()
    }

    @Test func higherPrioritiesGoFirst() async throws {
        let served = try await Served()
        _ = try await served.submit(sweep("low", seeds: 1))
        _ = try await served.submit("sweep: high\nmatrix: {method: vae, dataset: brain, seed: 0}\npriority: 5")
        #expect(try await served.lease(2).map(\.job.method) == ["vae", "ae"])
        try await served.end()
    }

    @Test func aRestartKeepsEverything() async throws {
        let first = try await Served()
        _ = try await first.submit(sweep(seeds: 3))
        let leases = try await first.lease(2)
        let _: Acknowledgement = try await first.post(Routes.result(leases[0].identity), ResultRequest(token: leases[0].token, result: Served.result()))
        try await first.stop()
        let second = try await Served(folder: first.folder)
        let status: SweepStatus = try await second.get(Routes.sweep("s"))
        #expect(status.jobs == [.done: 1, .leased: 1, .pending: 1])
        // The worker that still holds its lease goes on.
        let beat: HeartbeatResponse = try await second.post(
            Routes.heartbeat(leases[1].identity), HeartbeatRequest(token: leases[1].token, progress: nil))
        #expect(beat.action == .continue)
        // Two coordinators on one folder are refused.
        let error = #expect(throws: CoordinatorError.self) {
            try CoordinatorServer(configuration: CoordinatorConfiguration(stateFolder: first.folder, port: 0))
        }
        #expect(error?.kind == .stateInUse)
        try await second.stop()
        try FileManager.default.removeItem(at: first.folder)
    }

    /// Many workers at once: every job is leased once and recorded once.
    @Test func concurrentWorkersShareTheJobs() async throws {
        let served = try await Served()
        _ = try await served.submit(sweep(seeds: 300))
        let leased = try await withThrowingTaskGroup(of: [String].self) { group in
            for number in 0..<8 {
                group.addTask {
                    var mine: [String] = []
                    while true {
                        let leases = try await served.lease(7, worker: "w\(number)")
                        if leases.isEmpty { return mine }
                        for lease in leases {
                            let answer: Acknowledgement = try await served.post(
                                Routes.result(lease.identity), ResultRequest(token: lease.token, result: Served.result()))
                            #expect(answer.recorded)
                            mine.append(lease.identity)
                        }
                    }
                }
            }
            return try await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(leased.count == 300 && Set(leased).count == 300)
        let status: SweepStatus = try await served.get(Routes.sweep("s"))
        #expect(status.jobs == [.done: 300])
        try await served.end()
    }
}

@Suite struct CoordinatorDoorTests {
    @Test func artefactsAreVerified() async throws {
        let served = try await Served()
        let digest = SHA256.hash(data: Data("right".utf8)).hexadecimal
        #expect(try await served.problem("PUT", Routes.artefact(digest), Data("wrong".utf8)).status == 422)
        #expect(try await served.problem("GET", Routes.artefact(digest)).status == 404)
        for name in ["..%2F..%2Fetc%2Fpasswd", "ABC", String(repeating: "g", count: 64), String(repeating: "A", count: 64)] {
            #expect(try await served.problem("PUT", Routes.artefact(name), Data("x".utf8)).status == 400)
        }
        #expect(try await served.put("right") == digest)
        #expect(try await served.put("right") == digest)
        // Nothing half-written is left.
        let files = FileManager.default.enumerator(atPath: served.folder.appending(path: "artefacts").path)!.compactMap { "\($0)" }
        #expect(files.filter { $0.contains("/") }.count == 1)
        // A result that names a file which never came is refused.
        _ = try await served.submit(sweep(seeds: 1))
        let lease = try #require(try await served.lease().first)
        let absent = Artefact(name: "scores.json", sha256: SHA256.hash(data: Data("absent".utf8)).hexadecimal, size: 1)
        let problem = try await served.problem(
            "POST", Routes.result(lease.identity), WireCoding.encode(ResultRequest(token: lease.token, result: Served.result(artefacts: [absent]))))
        #expect(problem.status == 409 && problem.detail.contains(absent.sha256))
        try await served.end()
    }

    /// A result that waited for one coordinator is not taken by another, though it may know the job and have given out the number.
    @Test func resultsBelongToTheirCoordinator() async throws {
        let served = try await Served()
        _ = try await served.submit(sweep(seeds: 1))
        let request = LeaseRequest.sample(Served.worker("w"))
        let answer: LeaseResponse = try await served.post(Routes.leases, request)
        let lease = try #require(answer.leases.first)
        func post(_ coordinator: String?) async throws -> Int {
            let body = try WireCoding.encode(ResultRequest(token: lease.token, result: Served.result(), coordinator: coordinator))
            return try await served.send("POST", Routes.result(lease.identity), body).status
        }
        #expect(try await post(UUID().uuidString) == 421)
        #expect(try await post(answer.coordinator) == 200)
        #expect(try await post(nil) == 200, "a replay of one that does not say")
        try await served.end()
    }

    @Test func badRequestsGetProblems() async throws {
        let served = try await Served()
        func said(_ method: String, _ path: String, _ body: String?, _ status: Int, _ part: String) async throws {
            let problem = try await served.problem(method, path, body.map { Data($0.utf8) })
            #expect(problem.status == status && problem.detail.contains(part), "\(problem)")
        }
        try await said("GET", "/nothing", nil, 404, "/nothing")
        try await said("GET", Routes.job("x"), nil, 404, "'x'")
        try await said("POST", Routes.sweeps, "{", 400, "not JSON")
        try await said("POST", Routes.sweeps, "{\"source\": 3}", 400, "'")
        try await said("POST", Routes.heartbeat("x"), "{\"token\": \"1.\"}", 409, "was ever given out")
        let bad = SubmitRequest(source: "sweep: s\nmatrx: 1", file: "a.yaml", overrides: [], contents: [:])
        try await said("POST", Routes.sweeps, String(decoding: WireCoding.encode(bad), as: UTF8.self), 422, "a.yaml:2")
        let unknown = SubmitRequest(source: sweep(), file: "a.yaml", overrides: [], contents: [:])
        try await said("POST", Routes.sweeps, String(decoding: WireCoding.encode(unknown), as: UTF8.self), 422, "'brain'")
        _ = try await served.submit(sweep("demo", seeds: 1))
        try await said("GET", Routes.sweep("dmeo"), nil, 404, "'demo'")
        try await said("GET", Routes.jobs(sweep: "dmeo"), nil, 404, "'demo'")
        #expect(try await served.get(Routes.health, as: Health.self).status == "ok")
        let large = Data(repeating: 32, count: 9 << 20)
        #expect(try await served.problem("POST", Routes.sweeps, large).status == 413)
        try await served.end()
    }

    @Test func tokensHaveRoles() async throws {
        let (worker, boss) = ("worker-token-0123456789", "operator-token-0123456789")
        let served = try await Served(tokens: "# tokens\nworker \(worker)\noperator \(boss)\n")
        #expect(try await served.problem("GET", Routes.sweeps).status == 401)
        #expect(try await served.problem("GET", Routes.sweeps, token: "wrong-token-0123456789").status == 401)
        #expect(try await served.problem("GET", Routes.sweeps, token: worker).status == 403)
        #expect(try await served.send("GET", Routes.sweeps, token: boss).status == 200)
        #expect(try await served.send("GET", Routes.health).status == 200)
        let request = try WireCoding.encode(LeaseRequest.sample(Served.worker("w")))
        #expect(try await served.send("POST", Routes.leases, request, token: worker).status == 200)
        try await served.end()
        // The token file lies in the state folder, which is gone with it.
    }

    /// A lease's token cannot be made out of another's, and lets a worker read what the lease names and nothing else.
    @Test func leasesAreTheirHoldersAlone() async throws {
        let (worker, boss) = ("worker-token-0123456789", "operator-token-0123456789")
        let served = try await Served(tokens: "worker \(worker)\noperator \(boss)\n")
        func ask(_ method: String, _ path: String, _ body: some Encodable, _ token: String) async throws -> (status: Int, body: Data) {
            let answer = try await served.send(method, path, WireCoding.encode(body), token: token)
            return (answer.status, answer.body)
        }
        let submit = SubmitRequest(source: sweep(), file: "s.yaml", overrides: [], contents: ["brain": .init(fingerprint: "f")])
        #expect(try await ask("POST", Routes.sweeps, submit, boss).status == 200)
        func lease(_ name: String) async throws -> Lease {
            let answer = try await ask("POST", Routes.leases, LeaseRequest.sample(Served.worker(name)), worker)
            return try #require(try WireCoding.decode(LeaseResponse.self, from: answer.body).leases.first)
        }
        let (mine, others) = (try await lease("a"), try await lease("b"))
        #expect(mine.token.seal.count == 32)
        #expect(mine.token.seal != others.token.seal)
        func beat(_ identity: String, _ token: LeaseToken) async throws -> Int {
            try await ask("POST", Routes.heartbeat(identity), HeartbeatRequest(token: token, progress: nil), worker).status
        }
        #expect(try await beat(mine.identity, mine.token) == 200)
        #expect(try await beat(others.identity, mine.token) == 409)
        for guess in ["", String(repeating: "0", count: 32), String(mine.token.seal.dropLast()), mine.token.seal + "0"] {
            #expect(try await beat(mine.identity, LeaseToken(number: 1, seal: guess)) == 409, "\(guess)")
        }
        #expect(try await beat(mine.identity, LeaseToken(number: 2, seal: mine.token.seal)) == 409)

        func put(_ text: String) async throws -> String {
            let digest = SHA256.hash(data: Data(text.utf8)).hexadecimal
            #expect(try await served.send("PUT", Routes.artefact(digest), Data(text.utf8), token: worker).status == 200)
            return digest
        }
        let (own, foreign) = (try await put("own"), try await put("foreign"))
        for (lease, digest) in [(mine, own), (others, foreign)] {
            let checkpoint = CheckpointRequest(token: lease.token, checkpoint: .init(sha256: digest, work: 1))
            #expect(try await ask("POST", Routes.checkpoint(lease.identity), checkpoint, worker).status == 200)
        }
        func read(_ digest: String, _ lease: String?, _ token: String) async throws -> Int {
            let fields = lease.map { [Routes.leaseHeader: $0] } ?? [:]
            return try await served.send("GET", Routes.artefact(digest), token: token, fields: fields).status
        }
        let shown = "\(mine.identity) \(mine.token.text)"
        #expect(try await read(own, shown, worker) == 200)
        #expect(try await read(foreign, shown, worker) == 404)
        #expect(try await read(own, nil, worker) == 400)
        #expect(try await read(own, "\(mine.identity) 1.\(others.token.seal)", worker) == 409)
        #expect(try await read(foreign, nil, boss) == 200)
        try await served.end()
    }

    @Test func badSettingsAreRefused() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-coordinator-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        func kind(_ change: (inout CoordinatorConfiguration) -> Void) -> CoordinatorError.Kind? {
            var configuration = CoordinatorConfiguration(stateFolder: folder)
            change(&configuration)
            do {
                _ = try CoordinatorServer(configuration: configuration)
                return nil
            } catch {
                return (error as? CoordinatorError)?.kind
            }
        }
        #expect(kind { $0.host = "0.0.0.0" } == .notLoopback)
        #expect(kind { $0.tokenFile = folder.appending(path: "none") } == .badTokens)
        #expect(kind { $0.stateFolder = URL(filePath: "/proc/none") } == .unwritable)
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }
}
