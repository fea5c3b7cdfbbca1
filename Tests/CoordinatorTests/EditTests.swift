import Catalogue
import Foundation
import Sweep
import TestSupport
import Testing
import Wire

@testable import Coordinator

/// Sweeps that are edited while their jobs run, asked of every database that can keep a store.
@Suite struct EditTests {
    typealias Kind = StoreConformanceTests.Kind

    private static func sweep(_ seeds: String, _ name: String = "s", _ more: String = "") -> String {
        "sweep: \(name)\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: brain, seed: \"\(seeds)\"}\nretry: {max_attempts: 1}\n\(more)"
    }

    /// A running job that an edit leaves out is stopped, and neither its end nor its coming back is counted wrong.
    @Test(arguments: Kind.allCases) func whatIsEditedOutIsStopped(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("range(0, 2)"))
        let running = try #require(try await test.lease(1).first)
        #expect(running.job.seed == 0)
        let edit = try await test.submit(Self.sweep("range(1, 2)"), now: 2)
        #expect(edit.withdrawn == 1)
        #expect(edit.total == 1)
        #expect(edit.revision == 2)
        #expect(try await test.states() == [.pending: 1])
        let beat = HeartbeatRequest(token: running.lease.token, progress: nil)
        #expect(try await test.store.heartbeat(running.identity, beat, now: 3, duration: 30) == .cancel)
        #expect(try await test.store.job(running.identity).attempts.map(\.outcome) == ["cancelled"])
        // What it had trained to its end all the same is kept, and counts for nobody.
        try await test.finish(running, now: 4)
        #expect(try await test.states() == [.pending: 1])
        #expect(try await test.lease(now: 100).map(\.job.seed) == [1])
        // Asked for again it is there at once.
        let back = try await test.submit(Self.sweep("range(0, 2)"), now: 101)
        #expect(back.reused == 1)
        #expect(try await test.states() == [.done: 1, .leased: 1])
    }

    /// A job that is withdrawn while it runs is not given out again when its lease runs out, and all its attempts are before it when
    /// it is asked for once more.
    @Test(arguments: Kind.allCases) func whatIsWithdrawnIsNotGivenOut(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("range(0, 3)"))
        let jobs = try await test.lease()
        try await test.fail(jobs[2])
        try await test.submit(Self.sweep("range(0, 1)"), now: 3)
        try await test.store.expire(now: 1000)
        #expect(try await test.lease(now: 1000).map(\.job.seed) == [0])
        #expect(try await test.store.sweep("s").total == 1)
        #expect(try await test.store.job(jobs[2].identity).record.state == .cancelled)
        try await test.submit(Self.sweep("range(0, 3)"), now: 1001)
        #expect(try await test.states() == [.leased: 1, .pending: 2])
        #expect(try await Set(test.lease(now: 1002).map(\.job.seed)) == [1, 2])
    }

    /// Another sweep's job goes on, and is ruled by that from then on.
    @Test(arguments: Kind.allCases) func whatAnotherSweepHoldsGoesOn(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("range(0, 2)"))
        try await test.submit(Self.sweep("range(0, 1)", "t"), now: 1)
        let running = try #require(try await test.lease(1).first)
        let plan = try await test.submit(Self.sweep("range(1, 2)"), now: 2)
        #expect(plan.withdrawn == 0)
        let beat = HeartbeatRequest(token: running.lease.token, progress: nil)
        #expect(try await test.store.heartbeat(running.identity, beat, now: 3, duration: 30) == .continue)
        #expect(try await test.control(.pause, sweep: "t") == 1)
        #expect(try await test.store.heartbeat(running.identity, beat, now: 4, duration: 30) == .drain)
        try await test.finish(running)
        #expect(try await test.states("t") == [.done: 1])
        #expect(try await test.states("s") == [.pending: 1])
    }

    /// A submit that is refused leaves nothing: no sweep, no new source, nothing that is being submitted.
    @Test(arguments: Kind.allCases) func refusedSubmitsLeaveNothing(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        let unknown = "sweep: u\nmatrix: {method: ae, dataset: nowhere, seed: 0}"
        let request = SubmitRequest(source: unknown, file: "u.yaml", overrides: [], contents: [:])
        let parsed = try SweepFile.parse(
            source: unknown, file: "u.yaml", datasets: Catalogue.datasets + [.custom("nowhere")])
        await #expect(throws: SweepFileError.self) { try await test.store.submit(parsed, request, now: 1) }
        #expect(try await test.store.sweeps().isEmpty)
        // An edit of a good one.
        try await test.submit(Self.sweep("range(0, 2)", "u"), now: 2)
        let before = try await test.store.source(of: "u")
        await #expect(throws: SweepFileError.self) { try await test.store.submit(parsed, request, now: 3) }
        let status = try await test.store.sweep("u")
        #expect(!status.isExpanding)
        #expect(status.revision == 1)
        #expect(status.jobs == [.pending: 2])
        #expect(try await test.store.source(of: "u").source == before.source)
    }
}

/// Who has which lease, whatever workers are called, and for how long, whatever clocks show.
@Suite struct LeaseHolderTests {
    typealias Kind = StoreConformanceTests.Kind

    private static func sweep(_ seeds: Int, _ more: String = "") -> String {
        "sweep: s\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: brain, seed: \"range(0, \(seeds))\"}\n\(more)"
    }

    private static func twins() -> (WorkerDescription, WorkerDescription) {
        var (one, other) = (WorkerDescription.sample("twin"), WorkerDescription.sample("twin"))
        (one.instance, other.instance) = (.instance("one"), .instance("other"))
        return (one, other)
    }

    /// Two workers of one name: an answer that one has lost hands it nothing of the other's, and pausing one leaves the other alone.
    @Test(arguments: Kind.allCases) func workersOfOneNameAreTwo(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep(4))
        let (one, other) = Self.twins()
        let first = try #require(try await test.lease(1, to: one).first)
        let second = try #require(try await test.lease(1, to: other).first)
        let again = try await test.store.lease(to: one, limit: 0, holding: [], now: 2, duration: 30).jobs
        #expect(again.map(\.identity) == [first.identity])
        #expect(try await test.store.workers().map(\.jobs) == [1, 1])
        #expect(try await test.store.job(second.identity).record.hold?.instance == other.instance)
        // One of them by the digits that it is known by.
        let pause = ControlRequest(action: .pause, who: "o")
        #expect(try await test.store.control(worker: String(other.instance.prefix(10)), pause, now: 3).changed == 1)
        func beat(_ given: StoreUnderTest.Given) async throws -> LeaseRules.Action {
            try await test.store.heartbeat(given.identity, HeartbeatRequest(token: given.lease.token, progress: nil), now: 4, duration: 30)
        }
        #expect(try await beat(first) == .continue)
        #expect(try await beat(second) == .drain)
        #expect(try await test.lease(1, to: other, now: 5).isEmpty)
        #expect(try await test.lease(1, to: one, now: 5).count == 1)
        // Both by their name; one that is started anew under it is paused too.
        #expect(try await test.store.control(worker: "twin", pause, now: 6).changed == 3)
        var anew = one
        anew.instance = .instance("anew")
        #expect(try await test.lease(1, to: anew, now: 7).isEmpty)
        #expect(try await test.store.control(worker: "twin", ControlRequest(action: .resume, who: "o"), now: 8).changed > 0)
        #expect(try await test.lease(1, to: anew, now: 9).count == 1)
        await #expect(throws: StoreError.unknownWorker("abcdef01")) { try await test.store.control(worker: "abcdef01", pause, now: 10) }
    }

    /// Leases that are lost with their machines are counted apart from failures, with their own limit, and what was known is kept.
    @Test(arguments: Kind.allCases) func lostLeasesAreNoFailures(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep(1, "retry: {max_attempts: 1, max_lost: 5}"))
        var now = 0.0
        for round in 1...4 {
            let given = try #require(try await test.lease(1, now: now).first)
            #expect(given.lease.attempt == round)
            let beat = HeartbeatRequest(token: given.lease.token, progress: .sample(epoch: round))
            _ = try await test.store.heartbeat(given.identity, beat, now: now, duration: 30)
            now += 31
            try await test.store.expire(now: now)
            let record = try await test.store.job(given.identity).record
            #expect(record.state == .pending)
            #expect(record.lostLeases == round)
            #expect(record.failedAttempts == 0)
        }
        // One of them was not lost after all.
        let job = try await test.jobs()[0].identity
        _ = try await test.store.heartbeat(job, HeartbeatRequest(token: 4, progress: nil), now: now, duration: 30)
        #expect(try await test.store.job(job).record.lostLeases == 3)
        for _ in 0..<2 {
            now += 31
            try await test.store.expire(now: now)
            _ = try await test.lease(1, now: now)
        }
        #expect(try await test.store.job(job).record.state == .quarantined)
        let evidence = try await test.store.job(job).attempts.compactMap(\.error)
        #expect(evidence.count == 5)
        #expect(evidence[0].hasPrefix("worker w on h was not heard of any more; the last news of it was: "))
        #expect(try await test.reasons(job, now: now).contains("lost with its worker 5 times, which is max_lost"))
        #expect(try await test.control(.retry, job: job) == 1)
        #expect(try await test.store.job(job).record.lostLeases == 0)
    }
}

/// Clocks that are set, and clocks that are apart.
@Suite struct ClockTests {
    /// The time of day as a machine shows it, and the time that passes.
    private final class Machine: Sendable {
        let wall = ManualClock()
        let passed = ManualClock()
        private let told = Remarks()
        var remarks: [String] { told.all }

        init(wall: Double) { self.wall.set(wall) }

        var clock: SteadyClock { SteadyClock(wall: wall.now, monotonic: passed.now, tell: told.add) }

        func pass(_ seconds: Double) {
            wall.set(wall.now() + seconds)
            passed.set(passed.now() + seconds)
        }
    }

    private final class Remarks: @unchecked Sendable {
        private let lock = NSLock()
        private var sentences: [String] = []
        var all: [String] { lock.withLock { sentences } }
        @Sendable func add(_ sentence: String) { lock.withLock { sentences.append(sentence) } }
    }

    private static let source = "sweep: s\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: brain, seed: [0, 1]}\nretry: {backoff: 60s..60s}"

    private static func submit(_ store: JobStore) async throws {
        let request = SubmitRequest(source: source, file: "s", overrides: [], contents: ["brain": .init(fingerprint: "f")])
        _ = try await store.submit(CoordinatorRoutes.parse(request, among: request.contents), request)
    }

    private static func lease(_ store: JobStore, _ limit: Int = 1) async throws -> [LeasedJob] {
        let worker = WorkerDescription.sample()
        return try await store.lease(to: worker, free: worker.resources, limit: limit, duration: 30).jobs
    }

    private static func fail(_ store: JobStore, _ job: LeasedJob) async throws {
        _ = try await store.fail(job.identity, FailureRequest(token: job.token, error: "no", logTail: "", signal: nil))
    }

    /// A clock that is set ends no lease and stretches no backoff, and somebody is told once.
    @Test(arguments: [-600.0, 600, -86_400]) func aClockThatIsSetChangesNothing(_ jump: Double) async throws {
        let machine = Machine(wall: 1_000_000)
        let store = JobStore(try SQLiteDatabase(clock: machine.clock)) {}
        try await Self.submit(store)
        let jobs = try await Self.lease(store, 2)
        try await Self.fail(store, jobs[0])
        machine.wall.set(machine.wall.now() + jump)
        machine.pass(20)
        try await store.expire()
        #expect(try await store.sweep("s").jobs == [.leased: 1, .pending: 1])
        #expect(try await Self.lease(store).isEmpty)
        // The lease of 30 s and the backoff of at most 60 s end when they were to, give or take a twentieth.
        machine.pass(13)
        try await store.expire()
        #expect(try await store.job(jobs[1].identity).record.lostLeases == 1)
        machine.pass(32)
        try await store.expire()
        #expect(try await Self.lease(store, 2).count == 2)
        #expect(machine.remarks.count == 1)
        #expect(machine.remarks[0].contains(jump < 0 ? "s back" : "s forward"))
    }

    /// What is shown agrees with the time of day again after a while.
    @Test func aClockFollowsTheTimeOfDay() {
        let machine = Machine(wall: 5000)
        let clock = machine.clock
        machine.wall.set(4000)
        var last = clock.now()
        #expect(last == 5000)
        for _ in 0..<25_000 {
            machine.pass(1)
            let now = clock.now()
            #expect(now > last)
            last = now
        }
        #expect(last == machine.wall.now())
    }

    /// Set back while no coordinator ran: what was to wait a minute waits no longer than that.
    @Test func aClockSetBackBetweenTwoRuns() async throws {
        let database = URL.temporaryDirectory.appending(path: "medsweep-clock-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: database) }
        let before = Machine(wall: 1_000_000)
        var store = JobStore(try SQLiteDatabase(StateFolder(database), clock: before.clock)) {}
        try await Self.submit(store)
        let jobs = try await Self.lease(store, 2)
        try await Self.fail(store, jobs[0])
        store.close()
        let after = Machine(wall: 900_000)
        store = JobStore(try SQLiteDatabase(StateFolder(database), clock: after.clock)) {}
        try await store.adoptLeases(duration: 30)
        after.pass(31)
        try await store.expire()
        #expect(try await store.job(jobs[1].identity).record.lostLeases == 1)
        after.pass(30)
        try await store.expire()
        #expect(try await Self.lease(store, 2).count == 2)
        store.close()
    }

    /// Two coordinators on one database go by its clock, however their own are set, and each that is apart is told so once.
    @Test func coordinatorsOnOneDatabaseHaveOneClock() async throws {
        let server = try PostgresServer()
        let (ahead, behind) = (Remarks(), Remarks())
        let real = { @Sendable in Date().timeIntervalSince1970 }
        let one = JobStore(try PostgresDatabase(server.url, wall: { real() + 600 }, tell: ahead.add)) {}
        let other = JobStore(try PostgresDatabase(server.url, wall: { real() - 600 }, tell: behind.add)) {}
        try await Self.submit(one)
        let (held, failed) = (try await Self.lease(one)[0], try await Self.lease(other)[0])
        for store in [one, other] { try await store.expire() }
        #expect(try await one.sweep("s").jobs == [.leased: 2])
        try await Self.fail(one, failed)
        let (record, seen) = (try await other.job(failed.identity).record, try await other.job(held.identity).record)
        #expect(abs(record.notBefore - real()) < 70)
        #expect(abs((seen.hold?.expires ?? 0) - real()) < 40)
        #expect(ahead.all.count == 1)
        #expect(ahead.all[0].contains("600 s ahead of the database's"))
        #expect(behind.all.count == 1)
        #expect(behind.all[0].contains("600 s behind the database's"))
        one.close()
        other.close()
    }
}
