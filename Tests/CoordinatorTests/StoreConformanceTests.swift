import Catalogue
import Foundation
import GRDB
import Sweep
import TestSupport
import Testing
import Wire

@testable import Coordinator

/// What a store promises, asked of every database that can keep one.
@Suite struct StoreConformanceTests {
    enum Kind: String, CaseIterable, Sendable {
        case memory, file, postgres
    }

    /// Lets a test have a store of its own, and goes on with the same database in a second one.
    final class Place: @unchecked Sendable {
        let kind: Kind
        private let folder = URL.temporaryDirectory.appending(path: "medsweep-store-\(UUID().uuidString)")
        private var server: PostgresServer?
        private var memory: SQLiteDatabase?
        private let wakes = WakeCounter()
        let clock = ManualClock()
        var wakeCount: Int { wakes.value }

        init(_ kind: Kind) throws {
            self.kind = kind
            if kind == .postgres { server = try PostgresServer() }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func database() throws -> any JobDatabase {
            switch kind {
            case .memory:
                if memory == nil { memory = try SQLiteDatabase(clock: clock) }
                return memory!
            case .file: return try SQLiteDatabase(StateFolder(folder), clock: clock)
            case .postgres: return try PostgresDatabase(server!.url, clock: clock)
            }
        }

        func store() throws -> JobStore {
            // The store keeps its place alive.
            return JobStore(try database()) { self.wakes.add() }
        }
    }

    final class WakeCounter: @unchecked Sendable {
        private let lock = NSLock()
        private var count = 0
        func add() { lock.withLock { count += 1 } }
        var value: Int { lock.withLock { count } }
    }

    /// A store is the same one as often as it is opened, and no other is.
    @Test(arguments: Kind.allCases) func storesKnowWhichTheyAre(_ kind: Kind) async throws {
        let place = try Place(kind)
        let first = try place.store()
        let instance = try await first.instance()
        #expect(UUID(uuidString: instance) != nil)
        if kind == .file { first.close() }
        #expect(try await place.store().instance() == instance)
        #expect(try await Place(.memory).store().instance() != instance)
    }

    /// What tables are made of is what pages of jobs say.
    @Test(arguments: Kind.allCases) func tablesAreMadeOfWhatPagesSay(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request(seeds: 3, "ablate: [{vary: {latent_size: [4, 8]}}]"))
        let leases = try await store.lease(to: Self.worker(), limit: 5, now: 1, duration: 30).jobs
        for (number, lease) in leases.dropLast().enumerated() {
            var result = Self.result()
            result.metrics = ["auc": 0.1 * Double(number + 1), "ap": 1e-7, "temperature": 1]
            _ = try await store.complete(lease.identity, ResultRequest(token: lease.token, result: result), now: 2)
        }
        let rows = try await store.resultRows(sweep: "s")
        let jobs = try await store.jobs(sweep: "s", after: -1, limit: 100, state: nil).jobs
        #expect(rows.count == 18 && rows.map(\.identity) == jobs.map(\.identity) && rows.map(\.job) == jobs.map(\.job))
        #expect(rows.map(\.state) == jobs.map(\.state) && rows.map(\.metrics) == jobs.map { $0.result?.metrics })
        #expect(rows.filter { $0.metrics != nil }.count == 4)
        // On the wire, jobs that differ in their seeds only stand together.
        let columns: ResultColumns = try WireCoding.decode(from: WireCoding.encode(ResultColumns(rows)))
        #expect(try WireCoding.decode(ResultColumns.self, from: Data(ResultColumns(rows).json().utf8)) == columns)
        #expect(columns.groups.count == 6 && columns.groups.allSatisfy { $0.seeds.count == 3 })
        let sent = columns.rows.sorted { $0.identity < $1.identity }
        let kept = rows.sorted { $0.identity < $1.identity }
        #expect(sent.map(\.job) == kept.map(\.job) && sent.map(\.state) == kept.map(\.state))
        #expect(sent.map(\.metrics) == kept.map { $0.metrics?.filter { ["auc", "ap"].contains($0.key) } })
    }

    /// Forms that are not what this version writes are read by the general decoder.
    @Test func metricsOfAnyFormAreRead() throws {
        #expect(try MetricsReader.read(#"{"ap":0.25,"auc":1e-3}"#) == ["ap": 0.25, "auc": 0.001])
        #expect(try MetricsReader.read(#" { "a" : -1 , "b":2 } "#) == ["a": -1, "b": 2])
        #expect(try MetricsReader.read("{}") == [:])
        #expect(try MetricsReader.read(#"{"a\u0062":1}"#) == ["ab": 1])
        for broken in ["", "{", #"{"a"}"#, #"{"a":}"#, #"{"a":"x"}"#, #"{"a":1"#, "[1]"] {
            #expect(throws: DecodingError.self) { try MetricsReader.read(broken) }
        }
    }

    // MARK: Material

    static func request(_ name: String = "s", seeds: Int = 2, _ more: String = "") -> SubmitRequest {
        SubmitRequest(
            source: "sweep: \(name)\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: [brain, rsna], seed: \"range(0, \(seeds))\"}\n\(more)",
            file: "\(name).yaml", overrides: [], contents: ["brain": .init(fingerprint: "f"), "rsna": .init(fingerprint: "g")])
    }

    static func worker(_ name: String = "w", datasets: [String: String] = ["brain": "f", "rsna": "g"]) -> WorkerDescription {
        .sample(name, datasets: datasets, tags: ["fast"])
    }

    static func result(_ auc: Double = 0.5, artefacts: [Artefact] = []) -> JobResult {
        .sample(auc, artefacts: artefacts)
    }

    @discardableResult
    private func submit(_ store: JobStore, _ request: SubmitRequest, now: Double = 0) async throws -> SubmitResponse {
        try await store.submit(CoordinatorRoutes.parse(request, among: request.contents), request, now: now)
    }

    private func lease(
        _ store: JobStore, _ count: Int = 1, to worker: WorkerDescription = worker(), now: Double = 0
    ) async throws -> [LeasedJob] {
        try await store.lease(to: worker, limit: count, now: now, duration: 30).jobs
    }

    private func complete(_ store: JobStore, _ job: LeasedJob, auc: Double = 0.5, now: Double = 1) async throws -> Acknowledgement {
        try await store.complete(job.identity, ResultRequest(token: job.token, result: Self.result(auc)), now: now).0
    }

    // MARK: Logs

    private func beat(_ store: JobStore, _ job: LeasedJob, _ log: LogPiece?, _ curve: [CurvePoint]? = nil) async throws {
        _ = try await store.heartbeat(
            job.identity, HeartbeatRequest(token: job.token, progress: nil, log: log, curve: curve), now: 1, duration: 30)
    }

    /// Pieces that come twice or late are taken once, gaps are told, attempts follow each other, and old tokens add nothing.
    @Test(arguments: Kind.allCases) func logsAreKept(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request())
        let job = try await lease(store)[0]
        #expect(try await store.log(job.identity, after: 0) == LogPage(text: "", next: 0, isEnded: false, state: .leased))
        try await beat(store, job, LogPiece(offset: 0, text: "one\n"))
        try await beat(store, job, LogPiece(offset: 0, text: "one\ntwo\n"))
        try await beat(store, job, LogPiece(offset: 4, text: "two\n"))
        #expect(try await store.log(job.identity, after: 0).text == "one\ntwo\n")
        #expect(try await store.log(String(job.identity.prefix(8)), after: 4) == LogPage(text: "two\n", next: 8, isEnded: false, state: .leased))
        try await beat(store, job, LogPiece(offset: 18, text: "ä\0\n"))
        let gap = "one\ntwo\n… 10 bytes were written faster than they could be sent …\nä\u{FFFD}\n"
        #expect(try await store.log(job.identity, after: 0).text == gap)
        #expect(try await store.log(job.identity, after: -6).text == "ä\u{FFFD}\n")
        let failure = FailureRequest(
            token: job.token, error: "it broke", logTail: "", signal: nil, log: LogPiece(offset: 22, text: "it broke\n"))
        _ = try await store.fail(job.identity, failure, now: 2)
        _ = try await store.fail(job.identity, failure, now: 2)
        let first = gap + "it broke\n"
        #expect(try await store.log(job.identity, after: 0).text == first)
        _ = try await store.control(job: job.identity, ControlRequest(action: .retry, who: "o"), now: 3)
        let again = try #require(try await lease(store, 10, now: 4).first { $0.identity == job.identity })
        #expect(again.token.number > job.token.number)
        try await beat(store, again, LogPiece(offset: 0, text: "attempt 2\n"))
        await #expect(throws: StoreError.self) { try await self.beat(store, job, LogPiece(offset: 31, text: "a ghost\n")) }
        let rest = LogPiece(offset: 10, text: "done\n")
        _ = try await store.complete(again.identity, ResultRequest(token: again.token, result: Self.result(), log: rest), now: 5)
        _ = try await store.complete(again.identity, ResultRequest(token: again.token, result: Self.result(), log: rest), now: 6)
        let page = try await store.log(job.identity, after: 0)
        #expect(page.text == first + "attempt 2\ndone\n" && page.isEnded && page.state == .done)
        #expect(page.next == Int64(page.text.utf8.count))
    }

    /// A log that never ends keeps its end, and less of it when the job is done.
    @Test(arguments: Kind.allCases) func longLogsLoseTheirBeginning(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request())
        let job = try await lease(store)[0]
        let piece = String(repeating: String(repeating: "x", count: 63) + "\n", count: 512)
        for number in 0..<12 { try await beat(store, job, LogPiece(offset: Int64(number * piece.utf8.count), text: piece)) }
        let page = try await store.log(job.identity, after: 0)
        #expect(page.next == 12 * 32_768 && page.text.utf8.count == 256 << 10)
        #expect(try await store.log(job.identity, after: page.next - 64).text.utf8.count == 64)
        let last = LogPiece(offset: page.next, text: "done\n")
        _ = try await store.complete(job.identity, ResultRequest(token: job.token, result: Self.result(), log: last), now: 5)
        let end = try await store.log(job.identity, after: 0)
        #expect(end.text.hasSuffix("x\ndone\n") && end.text.utf8.count == 32_768 + 5 && end.next == page.next + 5)
    }

    @Test(arguments: Kind.allCases) func curvesAreSeenWhileTheyGrow(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request())
        let job = try await lease(store)[0]
        #expect(try await store.job(job.identity).curve == nil)
        try await beat(store, job, nil, [CurvePoint(work: 1, loss: 0.5), CurvePoint(work: 2, loss: 0.25)])
        try await beat(store, job, nil, [CurvePoint(work: 2, auc: 0.75), CurvePoint(work: 3, loss: 0.125), CurvePoint(work: 0, loss: 9)])
        #expect(try await store.job(job.identity).curve == [
            CurvePoint(work: 1, loss: 0.5), CurvePoint(work: 2, loss: 0.25, auc: 0.75), CurvePoint(work: 3, loss: 0.125),
        ])
        let end = ResultRequest(
            token: job.token, result: Self.result(), log: LogPiece(offset: 0, text: "done\n"), curve: [CurvePoint(work: 4, auc: 1)])
        _ = try await store.complete(job.identity, end, now: 5)
        // The losses are in the result.
        #expect(try await store.job(job.identity).curve == [CurvePoint(work: 2, loss: 0.25, auc: 0.75), CurvePoint(work: 4, auc: 1)])
    }

    // MARK: Promises

    /// An answer that was lost on its way costs no attempt: the worker that says so gets the same leases again, and nobody
    /// else does.
    @Test(arguments: Kind.allCases) func lostAnswersAreGivenAgain(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request())
        let jobs = try await lease(store, 3)
        func again(_ count: Int, _ holding: [String], _ worker: WorkerDescription = Self.worker()) async throws -> [LeasedJob] {
            try await store.lease(to: worker, limit: count, holding: holding, now: 20, duration: 30).jobs
        }
        #expect(try await again(0, [], Self.worker("other")).isEmpty)
        let told = try await again(0, [jobs[0].identity])
        #expect(Set(told.map(\.identity)) == Set(jobs.dropFirst().map(\.identity)))
        #expect(told.allSatisfy { $0.token == 1 && $0.attempt == 1 })
        #expect(told.sorted { $0.identity < $1.identity }.map(\.job) == jobs.dropFirst().sorted { $0.identity < $1.identity }.map(\.job))
        // They last as long as new ones: only the lease that the worker knew has run out by now.
        try await store.expire(now: 40)
        #expect(try await store.sweep("s").jobs[.leased] == 2)
        #expect(try await store.job(jobs[0].identity).record.state == .pending)
        // What has ended is not handed over, and there is room for new ones beside.
        #expect(try await complete(store, told[0], now: 41).recorded)
        let more = try await again(8, [])
        #expect(more.count == 3 && more[0].identity == told[1].identity && more[0].token == 1)
        #expect(Set(more.dropFirst().map(\.token)) == [1, 2])
        #expect(try await again(8, more.map(\.identity)).isEmpty)
    }

    @Test(arguments: Kind.allCases) func aJobsCourse(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        let submitted = try await submit(store, Self.request())
        #expect(submitted.total == 4 && submitted.new == 4 && submitted.axes["dataset"] == ["brain": 2, "rsna": 2])
        let jobs = try await lease(store, 10)
        #expect(jobs.count == 4 && Set(jobs.map(\.token)) == [1])
        let first = jobs[0]
        let description: JobDescription = try WireCoding.decode(from: Data(first.job.utf8))
        #expect(description.identity == first.identity)
        let progress = JobProgress.sample(epoch: 1, of: 2)
        let beat = HeartbeatRequest(token: 1, progress: progress)
        #expect(try await store.heartbeat(first.identity, beat, now: 10, duration: 30) == .continue)
        var status = try await store.sweep("s")
        #expect(status.jobs == [.leased: 4] && status.running.contains { $0.progress == progress })
        let checkpoint = CheckpointRequest(token: 1, checkpoint: .init(sha256: "c", work: 1))
        #expect(try await store.checkpoint(first.identity, checkpoint, now: 11).0.recorded)
        #expect(try await store.checkpoint(first.identity, checkpoint, now: 11).unneeded == nil)
        let answer = try await store.complete(first.identity, ResultRequest(token: 1, result: Self.result(0.7)), now: 12)
        #expect(answer.0 == Acknowledgement(state: .done, recorded: true) && answer.unneeded == "c")
        // A replay gets the first answer, and changes nothing.
        let replay = try await store.complete(first.identity, ResultRequest(token: 1, result: Self.result(0.1)), now: 13)
        #expect(replay.0 == answer.0)
        let detail = try await store.job(first.identity)
        #expect(detail.result?.metrics == ["auc": 0.7] && detail.attempts.map(\.outcome) == ["done"])
        status = try await store.sweep("s")
        #expect(status.jobs == [.leased: 3, .done: 1])
        // What is left takes what its cost says, measured by the job that took 2 s: jobs of the other data set take longer.
        let nominal = try jobs.map { try Machine.core.nominalSeconds(WireCoding.decode(from: Data($0.job.utf8))) ?? 0 }
        let expected = nominal.dropFirst().reduce(0) { $0 + 2 * $1 / nominal[0] } / 3
        #expect(nominal[0] > 0 && Set(nominal).count == 2)
        #expect(try abs(#require(status.remaining) - max(expected, 2 * nominal.max()! / nominal[0])) < 1e-9)
        #expect(try await store.jobs(sweep: "s", after: -1, limit: 10, state: .done).jobs.map(\.identity) == [first.identity])
    }

    /// What Prometheus is told is the same of every database.
    @Test(arguments: Kind.allCases) func figuresTellHowTheQueueStands(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        #expect(try await store.figures(now: 0).jobs.isEmpty)
        #expect(try await store.figures(now: 0).leaseAge == nil)
        try await submit(store, Self.request(), now: 1)
        // Another sweep holds the same jobs, and more.
        try await submit(store, Self.request("t", seeds: 3), now: 2)
        // One of the first sweep's, one that the second alone holds, and one more of the first's.
        let jobs = try await lease(store, 3, now: 10)
        _ = try await complete(store, jobs[0], now: 12)
        let failure = FailureRequest(token: 1, kind: .divergence, error: "no", logTail: "", signal: nil)
        _ = try await store.fail(jobs[1].identity, failure, now: 13)
        _ = try await lease(store, 1, to: Self.worker("late"), now: 200)
        let beat = HeartbeatRequest(token: 1, progress: nil)
        _ = try await store.heartbeat(jobs[2].identity, beat, now: 35, duration: 30)
        let figures = try await store.figures(now: 50)
        #expect(figures.jobs == ["pending": 3, "leased": 4, "done": 2, "quarantined": 1])
        #expect(
            figures.sweeps.map { "\($0.name) \($0.state) \($0.count)" } == [
                "s done 1", "s leased 2", "s pending 1", "t done 1", "t leased 2", "t pending 2", "t quarantined 1",
            ])
        #expect(figures.leaseAge == 40 && figures.leaseExpiry == 15 && figures.workers == 2)
        let later = try await store.figures(now: 250)
        #expect(later.leaseAge == 240 && later.leaseExpiry == -185 && later.workers == 1)
        _ = try await store.release(jobs[2].identity, ReleaseRequest(token: 1), now: 260)
        #expect(try await store.figures(now: 260).jobs == ["pending": 5, "leased": 2, "done": 2, "quarantined": 1])
    }

    @Test(arguments: Kind.allCases) func whatIsAcknowledgedIsThereAgain(_ kind: Kind) async throws {
        let place = try Place(kind)
        var store = try place.store()
        try await submit(store, Self.request())
        let jobs = try await lease(store, 3)
        _ = try await complete(store, jobs[0])
        _ = try await store.fail(
            jobs[1].identity, FailureRequest(token: 1, error: "no", logTail: "zero \0 byte", signal: 11), now: 5)
        if kind != .memory { store.close() }
        store = try place.store()
        let status = try await store.sweep("s")
        #expect(status.jobs == [.done: 1, .leased: 1, .pending: 2])
        let failed = try await store.job(jobs[1].identity)
        #expect(failed.attempts[0].error == "no" && failed.attempts[0].signal == 11 && failed.record.failedAttempts == 1)
        try await store.adoptLeases(duration: 30, now: 970)
        try await store.expire(now: 999)
        #expect(try await store.job(jobs[2].identity).record.hold?.expires == 1000)
    }

    @Test(arguments: Kind.allCases) func leasesRunOutAndTokensFence(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request(seeds: 1))
        let job = try await lease(store, 1)[0]
        try await store.expire(now: 30)
        let again = try #require(try await lease(store, 2, to: Self.worker("v"), now: 31).first { $0.identity == job.identity })
        #expect(again.token == 2 && again.attempt == 2)
        await #expect(throws: StoreError.refused(.staleToken(current: 2))) {
            try await store.heartbeat(job.identity, HeartbeatRequest(token: 1, progress: nil), now: 32, duration: 30)
        }
        await #expect(throws: StoreError.refused(.unknownToken)) {
            try await store.release(job.identity, ReleaseRequest(token: 9), now: 32)
        }
        // A late result is as good as any; the newer holder learns that its work is done.
        #expect(try await complete(store, job, now: 33).recorded)
        #expect(try await store.heartbeat(job.identity, HeartbeatRequest(token: 2, progress: nil), now: 34, duration: 30) == .cancel)
        #expect(try await !complete(store, again, now: 35).recorded)
        #expect(try await store.job(job.identity).attempts.map(\.outcome) == ["done", "superseded"])
    }

    @Test(arguments: Kind.allCases) func failuresWaitAndThenRest(_ kind: Kind) async throws {
        let place = try Place(kind)
        let store = try place.store()
        try await submit(store, Self.request(seeds: 1, "retry: {max_attempts: 2, backoff: 10s..10s}"))
        let job = try await lease(store, 1)[0]
        let failure = FailureRequest(token: 1, error: "no", logTail: "", signal: nil)
        #expect(try await store.fail(job.identity, failure, now: 1).state == .pending)
        #expect(try await store.fail(job.identity, failure, now: 2).state == .pending)
        #expect(try await store.job(job.identity).record.failedAttempts == 1)
        // The other job is to be had, this one not before its backoff is over.
        #expect(try await lease(store, 5, now: 2).map(\.identity) != [job.identity])
        #expect(try await lease(store, 5, now: 3).isEmpty)
        let explanation = try await store.explain(job.identity, now: 3)
        #expect(explanation.reasons.contains { $0.contains("backoff") })
        let before = place.wakeCount
        try await store.expire(now: 12)
        #expect(place.wakeCount > before)
        let second = try #require(try await lease(store, 5, now: 12).first)
        #expect(second.identity == job.identity)
        #expect(try await store.fail(job.identity, FailureRequest(token: 2, error: "no", logTail: "", signal: nil), now: 13).state == .quarantined)
        #expect(try await store.sweep("s").failing.map(\.error) == ["no"])
        let retry = ControlRequest(action: .retry, who: "me@here")
        #expect(try await store.control(sweep: "s", retry, now: 14).changed == 1)
        #expect(try await lease(store, 5, now: 14).map(\.identity) == [job.identity])
    }

    @Test(arguments: Kind.allCases) func someFailuresAreFinalAtOnce(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request(seeds: 1))
        let jobs = try await lease(store, 2)
        let diverged = FailureRequest(token: 1, kind: .divergence, error: "the loss became nan", logTail: "", signal: nil)
        #expect(try await store.fail(jobs[0].identity, diverged, now: 1).state == .quarantined)
        #expect(try await store.explain(jobs[0].identity, now: 2).reasons[0].contains("retry_on"))
        try await submit(store, Self.request(seeds: 1, "retry: {retry_on: [divergence]}"))
        _ = try await store.control(job: jobs[0].identity, ControlRequest(action: .retry, who: "me"), now: 3)
        let again = try await lease(store, 1, now: 3)[0]
        let same = FailureRequest(token: again.token, kind: .divergence, error: "nan", logTail: "", signal: nil)
        #expect(try await store.fail(again.identity, same, now: 4).state == .pending)
    }

    @Test(arguments: Kind.allCases) func workersGetWhatTheyCanDo(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request(seeds: 2))
        let onlyRSNA = try await lease(store, 10, to: Self.worker("a", datasets: ["rsna": "g"]))
        #expect(onlyRSNA.count == 2 && onlyRSNA.allSatisfy { $0.job.contains("\"rsna\"") })
        #expect(try await lease(store, 10, to: Self.worker("b", datasets: ["brain": "other"])).isEmpty)
        let jobs = try await store.jobs(sweep: "s", after: -1, limit: 10, state: .pending).jobs
        let reasons = try await store.explain(jobs[0].identity, now: 1).reasons.joined()
        #expect(reasons.contains("other content under 'brain'") && reasons.contains("lacks the data set 'brain'"))
        try await submit(store, Self.request("t", seeds: 3, "requires: {tags: [nowhere], weights: [resnet18], memory: 128TiB}\nset: [{to: {epochs: 3}}]"))
        #expect(try await lease(store, 1, to: Self.worker("c")).map { $0.job.contains("\"epochs\":2") } == [true])
        let picky = try await store.jobs(sweep: "t", after: -1, limit: 1, state: nil).jobs[0]
        let lacks = try await store.explain(picky.identity, now: 1).reasons.joined()
        #expect(lacks.contains("lacks the tag 'nowhere'") && lacks.contains("lacks the weights 'resnet18'") && lacks.contains("offers 64 TiB of memory, not 128 TiB"))
        var able = Self.worker("d")
        (able.resources.memory, able.tags, able.weights) = (2048 << 40, ["nowhere"], ["resnet18"])
        #expect(try await lease(store, 10, to: able).count == 7)
    }

    /// A job that needs pretrained weights goes to workers that have them, and the status says which are missing.
    @Test(arguments: Kind.allCases) func weightsAreAskedFor(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        let source = """
            sweep: s
            matrix: {method: [ae, fae-mse, ae-perceptual], dataset: brain, seed: 0}
            set: [{when: {method: fae-mse}, to: {backbone: efficientnet-lite0}}, {when: {method: ae-perceptual}, to: {weights: random}}]
            """
        let request = SubmitRequest(source: source, file: "s.yaml", overrides: [], contents: ["brain": .init(fingerprint: "f")])
        try await submit(store, request)
        let plain = try await lease(store, 10)
        #expect(plain.count == 2 && !plain.contains { $0.job.contains("fae-mse") })
        let now = 1000.0
        #expect(try await lease(store, 1, now: now).isEmpty)
        #expect(try await store.sweep("s").weights == [.init(name: "efficientnet-lite0", jobs: 1, isOffered: false)])
        let waiting = try #require(try await store.jobs(sweep: "s", after: -1, limit: 10, state: .pending).jobs.first)
        let reasons = try await store.explain(waiting.identity, now: now).reasons.joined(separator: "; ")
        #expect(reasons.contains("lacks the weights 'efficientnet-lite0'"))
        #expect(reasons.contains("it needs efficientnet-lite0-57934424.pth, which no worker has"))
        var able = Self.worker("able")
        able.weights = ["resnet18"]
        #expect(try await lease(store, 10, to: able, now: now).isEmpty)
        able.weights = ["efficientnet-lite0"]
        #expect(try await lease(store, 10, to: able, now: now + 20).map { $0.job.contains("fae-mse") } == [true])
        #expect(try await store.sweep("s").weights == nil)
    }

    @Test(arguments: Kind.allCases) func sweepsShareFairlyAndPrioritiesGoFirst(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request("one", seeds: 10))
        try await submit(store, Self.request("two", seeds: 10, "set: [{to: {epochs: 3}}]"))
        var taken = try await lease(store, 6)
        func count(_ epochs: Int) -> Int { taken.count { $0.job.contains("\"epochs\":\(epochs),") } }
        #expect(count(2) == 3 && count(3) == 3)
        try await submit(store, Self.request("urgent", seeds: 2, "set: [{to: {epochs: 4}}]\npriority: 5"))
        taken = try await lease(store, 5)
        #expect(count(4) == 4 && taken.count == 5)
        let first = ControlRequest(action: .prioritise, priority: 9, who: "me")
        #expect(try await store.control(sweep: "two", first, now: 1).changed > 0)
        taken = try await lease(store, 4)
        #expect(count(3) == 4)
        // One job can be put before everything else.
        let last = try #require(try await store.jobs(sweep: "one", after: 18, limit: 1, state: nil).jobs.first)
        #expect(try await store.control(job: String(last.identity.prefix(12)), ControlRequest(action: .prioritise, priority: 100, who: "me"), now: 1).changed == 1)
        #expect(try await lease(store, 1).map(\.identity) == [last.identity])
        await #expect(throws: StoreError.self) { try await store.control(sweep: "one", ControlRequest(action: .prioritise, who: "me"), now: 1) }
    }

    @Test(arguments: Kind.allCases) func limitsHold(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request(seeds: 5, "limits: {parallel: 3, max_failed: 1}\nretry: {max_attempts: 1}"))
        let jobs = try await lease(store, 10)
        #expect(jobs.count == 3)
        #expect(try await lease(store, 10).isEmpty)
        _ = try await complete(store, jobs[0])
        #expect(try await lease(store, 10).count == 1)
        _ = try await store.fail(jobs[1].identity, FailureRequest(token: 1, error: "no", logTail: "", signal: nil), now: 2)
        #expect(try await lease(store, 10).isEmpty)
        let waiting = try await store.jobs(sweep: "s", after: -1, limit: 1, state: .pending).jobs[0]
        #expect(try await store.explain(waiting.identity, now: 3).reasons.contains { $0.contains("max_failed") })
    }

    @Test(arguments: Kind.allCases) func operatorsPauseResumeAndCancel(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request(seeds: 2))
        let job = try await lease(store, 1)[0]
        let beat = HeartbeatRequest(token: job.token, progress: nil)
        #expect(try await store.control(sweep: "s", ControlRequest(action: .pause, who: "me"), now: 1).changed == 4)
        #expect(try await store.control(sweep: "s", ControlRequest(action: .pause, who: "me"), now: 1).changed == 0)
        #expect(try await store.heartbeat(job.identity, beat, now: 2, duration: 30) == .drain)
        #expect(try await lease(store, 5, now: 2).isEmpty)
        #expect(try await store.sweep("s").isPaused)
        _ = try await store.release(job.identity, ReleaseRequest(token: 1), now: 3)
        _ = try await store.control(sweep: "s", ControlRequest(action: .resume, who: "me"), now: 4)
        let again = try await lease(store, 4, now: 4)
        #expect(again.count == 4 && again.first { $0.identity == job.identity }?.token == 2)
        // One job alone.
        _ = try await store.control(job: job.identity, ControlRequest(action: .pause, who: "me"), now: 5)
        let second = HeartbeatRequest(token: 2, progress: nil)
        #expect(try await store.heartbeat(job.identity, second, now: 5, duration: 30) == .drain)
        _ = try await store.release(job.identity, ReleaseRequest(token: 2), now: 5)
        #expect(try await lease(store, 4, now: 6).isEmpty)
        _ = try await store.control(job: job.identity, ControlRequest(action: .resume, who: "me"), now: 7)
        #expect(try await lease(store, 4, now: 7).map(\.token) == [3])
        // A worker.
        _ = try await store.control(worker: "w", ControlRequest(action: .pause, who: "me"), now: 8)
        #expect(try await store.heartbeat(job.identity, HeartbeatRequest(token: 3, progress: nil), now: 8, duration: 30) == .drain)
        #expect(try await store.workers().map(\.isPaused) == [true])
        await #expect(throws: StoreError.unknownWorker("x")) {
            try await store.control(worker: "x", ControlRequest(action: .pause, who: "me"), now: 8)
        }
        #expect(try await store.control(sweep: "s", ControlRequest(action: .cancel, who: "me"), now: 9).changed == 4)
        #expect(try await store.heartbeat(job.identity, HeartbeatRequest(token: 3, progress: nil), now: 9, duration: 30) == .cancel)
        #expect(try await store.sweep("s").isFinished)
        let told = try await store.events(after: 0, limit: 1000, sweep: "s", job: nil).events.map(\.what)
        #expect(told.contains("paused") && told.contains("resumed") && told.contains("cancelled: 4 jobs"))
        #expect(try await store.events(after: -2, limit: 100, sweep: nil, job: nil).events.count == 2)
        #expect(try await store.events(after: 0, limit: 1000, sweep: nil, job: job.identity).events.count { $0.what == "leased" } == 3)
    }

    @Test(arguments: Kind.allCases) func submittingAgainEditsASweep(_ kind: Kind) async throws {
        let store = try Place(kind).store()
        try await submit(store, Self.request(seeds: 3))
        let job = try await lease(store, 1)[0]
        _ = try await complete(store, job)
        let fewer = Self.request(seeds: 2)
        let plan = try await store.plan(CoordinatorRoutes.parse(fewer, among: fewer.contents), fewer)
        let done = try await submit(store, fewer, now: 5)
        #expect(plan == done)
        #expect(done.total == 4 && done.reused == 1 && done.queued == 3 && done.withdrawn == 2)
        #expect(try await store.sweep("s").jobs == [.done: 1, .pending: 3])
        // What another sweep asks for stays.
        let other = try await submit(store, Self.request("t", seeds: 3), now: 6)
        #expect(other.new == 2 && other.reused == 1 && other.queued == 3)
        try await submit(store, Self.request(seeds: 1), now: 7)
        #expect(try await store.sweep("t").jobs == [.done: 1, .pending: 5])
        #expect(try await store.sweep("s").total == 2)
        // Cancelling one sweep leaves the other its jobs.
        #expect(try await store.control(sweep: "s", ControlRequest(action: .cancel, who: "me"), now: 8).changed == 0)
        #expect(try await lease(store, 10, now: 8).count == 5)
        let page = try await store.jobs(sweep: "t", after: -1, limit: 4, state: nil)
        #expect(page.jobs.map(\.position) == [0, 1, 2, 3] && page.next == 3)
        #expect(try await store.jobs(sweep: "t", after: 3, limit: 4, state: nil).next == nil)
        await #expect(throws: StoreError.unknownSweep("nope")) { try await store.sweep("nope") }
        await #expect(throws: StoreError.unknownJob("abcdef")) { try await store.job("abcdef") }
    }

    /// A coordinator that dies between two batches leaves a sweep that the next one completes.
    @Test(arguments: Kind.allCases) func brokenSubmitsAreGoneOnWith(_ kind: Kind) async throws {
        let place = try Place(kind)
        let request = Self.request(seeds: 1000)
        let sweep = try CoordinatorRoutes.parse(request, among: request.contents)
        let database = try place.database()
        try database.transaction { connection, _ in
            let ledger = Ledger(connection, now: 100, cache: StoreCache(clock: place.clock))
            let expansion = try ledger.beginSubmit(sweep, request)
            _ = try ledger.add(Array(sweep.jobs(contents: request.contents).prefix(500)), to: expansion)
            try ledger.flush(database)
        }
        if kind != .memory { database.close() }
        let store = try place.store()
        #expect(try await store.sweep("s").isExpanding)
        place.clock.set(101)
        try await store.resumeSubmits(
            idleFor: 1, parse: { try CoordinatorRoutes.parse($0, among: $0.contents) }, logger: .init(label: "test"))
        let status = try await store.sweep("s")
        #expect(!status.isExpanding && status.jobs == [.pending: 2000])
        let names = try await lease(store, 64).map(\.identity)
        #expect(Set(names).count == 64)
    }

    @Test(arguments: Kind.allCases) func concurrentWorkersGetEachJobOnce(_ kind: Kind) async throws {
        let place = try Place(kind)
        let stores = kind == .postgres ? [try place.store(), try place.store()] : [try place.store()]
        try await submit(stores[0], Self.request(seeds: 150, "limits: {parallel: 40}"))
        let done = try await withThrowingTaskGroup(of: [String].self) { group in
            for number in 0..<8 {
                group.addTask {
                    let store = stores[number % stores.count]
                    var mine: [String] = []
                    for _ in 0..<5000 {
                        let jobs = try await self.lease(store, 5, to: Self.worker("w\(number)"))
                        for job in jobs {
                            #expect(try await self.complete(store, job).recorded)
                            mine.append(job.identity)
                        }
                        if jobs.isEmpty {
                            let counts = try await store.sweep("s").jobs
                            #expect(counts[.leased, default: 0] <= 40)
                            if counts[.pending, default: 0] + counts[.leased, default: 0] == 0 { break }
                            try await Task.sleep(for: .milliseconds(2))
                        }
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(done.count == 300 && Set(done).count == 300)
        #expect(try await stores[0].sweep("s").jobs == [.done: 300])
    }
}

/// What belongs to one database alone.
@Suite struct StoreSchemaTests {
    @Test func newerDatabasesAreRefused() throws {
        let server = try PostgresServer()
        try PostgresDatabase(server.url).close()
        let connection = try PostgresConnection(server.url)
        try connection.execute("UPDATE schema_version SET version = 99")
        let error = #expect(throws: CoordinatorError.self) { try PostgresDatabase(server.url) }
        #expect(error?.kind == .newerState)
        #expect(error?.description.contains("newer medsweep (schema 99") == true)
        server.stop()
        let away = #expect(throws: CoordinatorError.self) { try PostgresDatabase(server.url) }
        #expect(away?.kind == .databaseAway)
    }

    /// What one coordinator announces, the others hear.
    @Test func announcementsAreHeard() async throws {
        let server = try PostgresServer()
        let (heard, tell) = AsyncStream.makeStream(of: Void.self)
        let listening = JobStore(try PostgresDatabase(server.url, clock: ManualClock())) { tell.yield() }
        let announcing = JobStore(try PostgresDatabase(server.url, clock: ManualClock())) {}
        var iterator = heard.makeAsyncIterator()
        // The first is for what was announced before it listened.
        _ = await iterator.next()
        let request = StoreConformanceTests.request()
        _ = try await announcing.submit(CoordinatorRoutes.parse(request, among: request.contents), request, now: 0)
        _ = await iterator.next()
        #expect(try await listening.lease(to: StoreConformanceTests.worker(), limit: 1, now: 0, duration: 30).jobs.count == 1)
        announcing.close()
        listening.close()
    }
}
