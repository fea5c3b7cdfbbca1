import Catalogue
import Foundation
import Sweep
import Testing
import Wire

@testable import Coordinator

/// A store with a few words for what tests do to it again and again.
struct StoreUnderTest {
    let place: StoreConformanceTests.Place
    let store: JobStore
    static let digest = String(repeating: "a", count: 64)

    init(_ kind: StoreConformanceTests.Kind) throws {
        place = try StoreConformanceTests.Place(kind)
        store = try place.store()
    }

    @discardableResult
    func submit(_ source: String, now: Double = 0) async throws -> SubmitResponse {
        let name = source.prefix { !$0.isNewline }.dropFirst("sweep: ".count)
        let request = SubmitRequest(
            source: source, file: "\(name).yaml", overrides: [], contents: ["brain": .init(fingerprint: "f"), "rsna": .init(fingerprint: "f")])
        return try await store.submit(CoordinatorRoutes.parse(request, among: request.contents), request, now: now)
    }

    struct Given {
        let lease: LeasedJob
        let job: JobDescription
        var identity: String { lease.identity }
    }

    func lease(_ limit: Int = 64, to worker: WorkerDescription = .sample(), free: WorkerResources? = nil, now: Double = 1) async throws -> [Given] {
        try await store.lease(to: worker, free: free ?? worker.resources, limit: limit, now: now, duration: 30).jobs
            .map { Given(lease: $0, job: try WireCoding.decode(from: Data($0.job.utf8))) }
    }

    /// - Parameter weights: the digest of the weights that it leaves; `nil`: it leaves none.
    func finish(_ given: Given, weights: String? = digest, engine: EngineClass = .processor, now: Double = 2) async throws {
        let artefacts = weights.map { [Artefact(name: JobFile.weights, sha256: $0, size: 1)] } ?? []
        let result = JobResult.sample(artefacts: artefacts, engine: engine)
        _ = try await store.complete(given.identity, ResultRequest(token: given.lease.token, result: result), now: now)
    }

    @discardableResult
    func fail(_ given: Given, _ kind: FailureKind = .error, now: Double = 2) async throws -> Acknowledgement {
        try await store.fail(
            given.identity, FailureRequest(token: given.lease.token, kind: kind, error: "no", logTail: "", signal: nil), now: now)
    }

    func release(_ given: Given, now: Double = 2) async throws {
        _ = try await store.release(given.identity, ReleaseRequest(token: given.lease.token), now: now)
    }

    func checkpoint(_ given: Given, work: Int, engine: EngineClass = .processor, sha256: String = String(repeating: "c", count: 64)) async throws {
        let checkpoint = JobRecord.Checkpoint(sha256: sha256, work: work, engine: engine)
        _ = try await store.checkpoint(given.identity, CheckpointRequest(token: given.lease.token, checkpoint: checkpoint), now: 2)
    }

    func control(_ action: ControlRequest.Action, job: String, now: Double = 3) async throws -> Int {
        try await store.control(job: job, ControlRequest(action: action, who: "o"), now: now).changed
    }

    func control(_ action: ControlRequest.Action, sweep: String, now: Double = 3) async throws -> Int {
        try await store.control(sweep: sweep, ControlRequest(action: action, who: "o"), now: now).changed
    }

    func jobs(_ sweep: String = "s", _ state: JobState? = nil) async throws -> [JobRow] {
        try await store.jobs(sweep: sweep, after: -1, limit: 100, state: state).jobs
    }

    func states(_ sweep: String = "s") async throws -> [JobState: Int] { try await store.sweep(sweep).jobs }
    func reasons(_ identity: String, now: Double = 2) async throws -> String {
        try await store.explain(identity, now: now).reasons.joined(separator: "; ")
    }
}

/// Jobs that share a training, asked of every database that can keep a store.
@Suite struct SharedTrainingTests {
    typealias Kind = StoreConformanceTests.Kind

    private static func scorers(_ name: String = "s", _ methods: String = "[vae, vae-grad-kl]", _ more: String = "", seeds: Int = 1) -> String {
        "sweep: \(name)\nfixed: {epochs: 2}\nmatrix: {method: \(methods), dataset: brain, seed: \"range(0, \(seeds))\"}\nretry: {max_attempts: 1}\n\(more)"
    }

    @Test(arguments: Kind.allCases) func oneTrainsForAllScorersOfASweep(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        let submitted = try await test.submit(Self.scorers(seeds: 2))
        #expect(submitted.total == 4 && submitted.new == 4)
        let training = try await test.lease()
        #expect(training.map(\.job.method) == ["vae", "vae"] && training.allSatisfy { $0.lease.trainedWeights == nil })
        let waiting = try await test.jobs("s", .pending)
        #expect(waiting.map(\.job.method) == ["vae-grad-kl", "vae-grad-kl"])
        #expect(try await test.store.job(waiting[0].identity).record.isAwaitingTraining)
        let reasons = try await test.reasons(waiting[0].identity)
        #expect(reasons.contains(training[0].identity.prefix(12)) && reasons.contains("leased"), "\(reasons)")
        #expect(try await test.control(.retry, job: waiting[0].identity) == 0)

        let before = test.place.wakeCount
        try await test.finish(training[1])
        #expect(test.place.wakeCount > before, "who waits for work is told")
        let scoring = try await test.lease()
        #expect(scoring.map(\.job.method) == ["vae-grad-kl"] && scoring[0].job.seed == training[1].job.seed)
        #expect(scoring[0].lease.trainedWeights == StoreUnderTest.digest)
        // A lease that is given out again has them too.
        try await test.release(scoring[0])
        #expect(try await test.lease().contains { $0.identity == scoring[0].identity && $0.lease.trainedWeights != nil })
    }

    /// Whoever comes later, in whatever sweep, waits or is ready at once.
    @Test(arguments: Kind.allCases) func sweepsShareTrainings(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.scorers("s", "vae-grad-kl"))
        try await test.submit(Self.scorers("t", "vae"))
        let trainer = try await test.lease()
        #expect(trainer.map(\.job.method) == ["vae-grad-kl"])
        try await test.finish(trainer[0])
        #expect(try await test.lease().map(\.lease.trainedWeights) == [StoreUnderTest.digest])
        try await test.submit(Self.scorers("u", "vae-grad-rec"))
        let late = try await test.lease()
        #expect(late.map(\.job.method) == ["vae-grad-rec"] && late[0].lease.trainedWeights == StoreUnderTest.digest)
        // Its weights were lost, and it trained anew: the next ones get those.
        let other = String(repeating: "b", count: 64)
        try await test.finish(late[0], weights: other)
        try await test.submit(Self.scorers("v", "vae-grad-elbo"))
        #expect(try await test.lease().map(\.lease.trainedWeights) == [other])
    }

    /// Options of the scorer alone, of several methods: one training each.
    @Test(arguments: [("vae", "score_sampling", "[true, false]"), ("ae-spatial", "score", "[mean, max, top1%]"), ("fae-mse", "score", "[mean, max, top1%]")])
    func valuesOfAScorersOptionShareATraining(_ method: String, _ option: String, _ values: String) async throws {
        let test = try StoreUnderTest(.memory)
        let planned = try await test.submit("sweep: s\nmatrix:\n  method: \(method)\n  dataset: brain\n  seed: 0\n  \(option): \(values)\n")
        let worker = WorkerDescription.sample(weights: Catalogue.weights.map(\.name))
        let trainer = try await test.lease(to: worker)
        #expect(planned.total > 1 && trainer.count == 1 && trainer[0].lease.trainedWeights == nil)
        try await test.finish(trainer[0])
        let rest = try await test.lease(to: worker)
        #expect(rest.count == planned.total - 1 && rest.allSatisfy { $0.lease.trainedWeights == StoreUnderTest.digest })
    }

    /// Who trains no more hands over to the next, with its checkpoint.
    @Test(arguments: Kind.allCases) func aCancelledTrainerIsSucceeded(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.scorers("s", "[vae, vae-grad-kl, vae-grad-rec]"))
        let trainer = try await test.lease()[0]
        try await test.checkpoint(trainer, work: 7)
        #expect(try await test.control(.cancel, job: trainer.identity) == 1)
        let next = try await test.lease()
        #expect(next.map(\.job.method) == ["vae-grad-kl"] && next[0].lease.checkpoint?.work == 7 && next[0].lease.trainedWeights == nil)
        // Its holder learns it, and cannot come back; sent back into the queue it waits like the others.
        let beat = HeartbeatRequest(token: 1, progress: nil)
        #expect(try await test.store.heartbeat(trainer.identity, beat, now: 4, duration: 30) == .cancel)
        #expect(try await test.control(.retry, job: trainer.identity) == 1)
        #expect(try await test.lease(now: 5).isEmpty)
        try await test.finish(next[0])
        #expect(try await test.lease(now: 6).map(\.job.method).sorted() == ["vae", "vae-grad-rec"])
        #expect(try await test.states() == [.done: 1, .leased: 2])
    }

    @Test(arguments: Kind.allCases) func aPausedTrainerIsSucceeded(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.scorers("s", "[vae, vae-grad-kl]"))
        let trainer = try await test.lease()[0]
        try await test.checkpoint(trainer, work: 7)
        _ = try await test.control(.pause, job: trainer.identity)
        // It trains until it is handed back.
        #expect(try await test.lease().isEmpty)
        try await test.release(trainer)
        let next = try await test.lease(now: 4)
        #expect(next.map(\.job.method) == ["vae-grad-kl"] && next[0].lease.checkpoint?.work == 7)
        _ = try await test.control(.resume, job: trainer.identity)
        #expect(try await test.lease(now: 5).isEmpty)
        // A lease that ran out cannot be taken up again by who gave way.
        await #expect(throws: StoreError.self) {
            try await test.store.heartbeat(trainer.identity, HeartbeatRequest(token: 1, progress: nil), now: 5, duration: 30)
        }
        try await test.finish(next[0])
        #expect(try await test.lease(now: 6).map(\.lease.trainedWeights) == [StoreUnderTest.digest])
    }

    /// A paused sweep does not keep another from training what both want.
    @Test(arguments: Kind.allCases) func aPausedSweepHoldsUpNoOther(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.scorers("s", "vae"))
        try await test.submit(Self.scorers("t", "vae-grad-kl"))
        _ = try await test.control(.pause, sweep: "s")
        #expect(try await test.lease().map(\.job.method) == ["vae-grad-kl"])
        // The same when it is paused already.
        try await test.submit(Self.scorers("p", "ae"))
        _ = try await test.control(.pause, sweep: "p")
        try await test.submit(Self.scorers("q", "ae-grad"))
        let trainer = try await test.lease()
        #expect(trainer.map(\.job.method) == ["ae-grad"])
        try await test.finish(trainer[0])
        _ = try await test.control(.resume, sweep: "p")
        #expect(try await test.lease().map(\.job.method) == ["ae"])
    }

    @Test(arguments: Kind.allCases) func aWithdrawnTrainerIsSucceeded(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.scorers("s", "[vae, vae-grad-kl]"))
        try await test.submit(Self.scorers("t", "vae-grad-rec"))
        try await test.submit(Self.scorers("s", "ae"))
        #expect(try await test.states() == [.pending: 1])
        #expect(try await test.states("t") == [.pending: 1])
        #expect(try await test.lease().map(\.job.method).sorted() == ["ae", "vae-grad-rec"])
        // The withdrawn ones are nobody's.
        let events = try await test.store.events(after: 0, limit: 100, sweep: "s", job: nil).events
        let withdrawn = try #require(events.first { $0.what == "withdrawn" }?.job)
        await #expect(throws: StoreError.self) { try await test.control(.retry, job: withdrawn) }
    }

    /// Those that wait share the end of a training, and come back when any of them is sent back.
    @Test(arguments: Kind.allCases, [true, false]) func failuresAreShared(_ kind: Kind, throughTheTrainer: Bool) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.scorers("s", "[vae, vae-grad-kl, vae-grad-rec]", seeds: 2))
        let training = try await test.lease()
        for trainer in training { #expect(try await test.fail(trainer).state == .quarantined) }
        #expect(try await test.states() == [.quarantined: 6])
        #expect(try await test.lease(now: 1e6).isEmpty)
        let waiting = try await test.jobs().filter { $0.job.method != "vae" }
        #expect(try await test.reasons(waiting[0].identity).contains("failed for good"))
        let one = throughTheTrainer ? training[0].identity : try #require(waiting.first { $0.job.seed == training[0].job.seed }).identity
        #expect(try await test.control(.retry, job: one) == 1)
        #expect(try await test.states() == [.pending: 3, .quarantined: 3])
        let again = try await test.lease(now: 4)
        #expect(again.map(\.identity) == [training[0].identity])
        try await test.finish(again[0])
        #expect(try await test.lease(now: 5).count == 2)
        #expect(try await test.control(.retry, sweep: "s") > 0)
        #expect(try await test.states() == [.done: 1, .leased: 2, .pending: 3])
        #expect(try await test.lease(now: 6).map(\.identity) == [training[1].identity])
    }

    /// Another scorer tries what failed before, and if it succeeds those that ended with it come back.
    @Test(arguments: Kind.allCases) func aFailedTrainingMayBeTriedByAnother(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.scorers("s", "[vae, vae-grad-kl]"))
        try await test.fail(try await test.lease()[0])
        try await test.submit(Self.scorers("t", "vae-grad-rec"))
        let other = try await test.lease(now: 3)
        #expect(other.map(\.job.method) == ["vae-grad-rec"])
        try await test.finish(other[0])
        let back = try await test.lease(now: 4)
        #expect(back.map(\.job.method) == ["vae-grad-kl"] && back[0].lease.trainedWeights == StoreUnderTest.digest)
        let failed = try #require(try await test.jobs("s", .quarantined).first)
        #expect(failed.job.method == "vae")
        _ = try await test.control(.retry, job: failed.identity)
        #expect(try await test.lease(now: 5).map(\.lease.trainedWeights) == [StoreUnderTest.digest])
    }

    /// A trainer that leaves no weights has trained for itself alone.
    @Test(arguments: Kind.allCases) func withoutWeightsTheNextTrains(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.scorers("s", "[vae, vae-grad-kl, vae-grad-rec]"))
        try await test.finish(try await test.lease()[0], weights: nil)
        let next = try await test.lease()
        #expect(next.map(\.job.method) == ["vae-grad-kl"] && next[0].lease.trainedWeights == nil)
    }

    @Test(arguments: Kind.allCases) func cancellingASweepMakesNobodyTrain(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.scorers("s", "[vae, vae-grad-kl, vae-grad-rec]", seeds: 3))
        #expect(try await test.control(.cancel, sweep: "s") == 9)
        #expect(try await test.lease().isEmpty)
        let told = try await test.store.events(after: 0, limit: 100, sweep: "s", job: nil).events
        #expect(!told.contains { $0.what.hasPrefix("trains now") })
        // Asked for again, one of each trains.
        #expect(try await test.submit(Self.scorers("s", "[vae, vae-grad-kl, vae-grad-rec]", seeds: 3)).new == 9)
        #expect(try await test.lease().count == 3)
    }

    /// Two coordinators that are handed scorers of one training at the same time let one train.
    @Test func coordinatorsAgreeOnWhoTrains() async throws {
        let test = try StoreUnderTest(.postgres)
        let stores = [test.store, try test.place.store()]
        let methods = ["vae", "vae-grad-kl", "vae-grad-rec", "vae-grad-elbo", "vae-grad-combi"]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, method) in methods.enumerated() {
                group.addTask {
                    let request = SubmitRequest(
                        source: Self.scorers("s\(number)", method, seeds: 20), file: "s.yaml", overrides: [],
                        contents: ["brain": .init(fingerprint: "f")])
                    let sweep = try CoordinatorRoutes.parse(request, among: request.contents)
                    _ = try await stores[number % 2].submit(sweep, request, now: 0)
                }
            }
            try await group.waitForAll()
        }
        let training = try await test.lease(100)
        #expect(training.count == 20 && Set(training.map(\.job.seed)).count == 20)
        for trainer in training { try await test.finish(trainer) }
        #expect(try await test.lease(100).count == 80)
        stores[1].close()
    }
}
