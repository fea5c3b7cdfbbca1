import Catalogue
import Foundation
import Sweep
import Testing
import Wire

@testable import Coordinator

/// Jobs that score what another job trains, asked of every database that can keep a store.
@Suite struct TrainedWeightsTests {
    typealias Kind = StoreConformanceTests.Kind

    private static let digest = String(repeating: "a", count: 64)

    /// A sweep that asks for nothing but gradient scores of two seeds.
    private static func request(_ name: String = "s") -> SubmitRequest {
        SubmitRequest(
            source: "sweep: \(name)\nfixed: {epochs: 2}\nmatrix: {method: ae-grad, dataset: brain, seed: \"range(0, 2)\"}\nretry: {max_attempts: 1}\n",
            file: "\(name).yaml", overrides: [], fingerprints: ["brain": "f"])
    }

    private func submit(_ store: JobStore, _ request: SubmitRequest) async throws -> SubmitResponse {
        try await store.submit(CoordinatorRoutes.parse(request, among: request.fingerprints), request, now: 0)
    }

    private func lease(_ store: JobStore, count: Int = 64, now: Double = 1) async throws -> [(lease: LeasedJob, job: JobDescription)] {
        try await store.lease(to: StoreConformanceTests.worker(), count: count, now: now, duration: 30).jobs
            .map { ($0, try WireCoding.decode(from: Data($0.job.utf8))) }
    }

    private func finish(_ store: JobStore, _ lease: LeasedJob, now: Double = 2) async throws {
        let result = StoreConformanceTests.result(
            artefacts: [Artefact(name: Catalogue.weightsFile, sha256: Self.digest, size: 1)])
        _ = try await store.complete(lease.identity, ResultRequest(token: lease.token, result: result), now: now)
    }

    private func fail(_ store: JobStore, _ lease: LeasedJob) async throws {
        _ = try await store.fail(
            lease.identity, FailureRequest(token: lease.token, kind: .error, error: "no", logTail: "", signal: nil), now: 2)
    }

    @Test(arguments: Kind.allCases) func trainingComesFirst(_ kind: Kind) async throws {
        let place = try StoreConformanceTests.Place(kind)
        let store = try place.store()
        let planned = try await store.plan(CoordinatorRoutes.parse(Self.request(), among: ["brain": "f"]), Self.request())
        #expect(planned.total == 4 && planned.axes["method"] == ["ae": 2, "ae-grad": 2])
        let submitted = try await submit(store, Self.request())
        #expect(submitted.total == 4 && submitted.new == 4)

        let training = try await lease(store)
        #expect(training.map(\.job.method) == ["ae", "ae"] && training.allSatisfy { $0.lease.trainedWeights == nil })
        let waiting = try await store.jobs(sweep: "s", after: -1, limit: 10, state: .pending).jobs
        #expect(waiting.map(\.job.method) == ["ae-grad", "ae-grad"])
        let reasons = try await store.explain(waiting[0].identity, now: 1).reasons
        #expect(reasons.contains { $0.contains(training[0].lease.identity.prefix(12)) && $0.contains("leased") }, "\(reasons)")

        let before = place.wakeCount
        try await finish(store, training[1].lease)
        #expect(place.wakeCount > before, "who waits for work is told")
        let scoring = try await lease(store)
        #expect(scoring.map(\.job.method) == ["ae-grad"] && scoring[0].job.seed == training[1].job.seed)
        #expect(scoring[0].lease.trainedWeights == Self.digest)
        #expect(scoring[0].job.trainingJob == training[1].job)

        // In another sweep, and after the training is done, there is nothing to wait for.
        try await finish(store, training[0].lease)
        let again = try await submit(store, Self.request("t"))
        #expect(again.total == 4 && again.reused == 2 && again.queued == 2)
        #expect(try await lease(store).map(\.lease.trainedWeights) == [Self.digest])
        try await store.expire(now: 100)
        let back = try await lease(store, now: 101)
        #expect(back.allSatisfy { $0.lease.trainedWeights == Self.digest })
        store.close()
    }

    @Test(arguments: Kind.allCases) func fateIsShared(_ kind: Kind) async throws {
        let place = try StoreConformanceTests.Place(kind)
        let store = try place.store()
        _ = try await submit(store, Self.request())
        let training = try await lease(store)
        let waiting = try await store.jobs(sweep: "s", after: -1, limit: 10, state: .pending).jobs
        // A wait for training is not a backoff that could be cut short.
        let senseless = try await store.control(job: waiting[0].identity, ControlRequest(action: .retry, who: "o"), now: 2)
        #expect(senseless.changed == 0)

        for (lease, _) in training { try await fail(store, lease) }
        var status = try await store.sweep("s")
        #expect(status.isFinished && status.jobs[.quarantined] == 4)
        #expect(try await lease(store, now: 1e6).isEmpty)

        // What is sent back takes its training along, and that what waits for it.
        let grad = try #require(waiting.first { $0.job.seed == training[0].job.seed })
        #expect(try await store.control(job: grad.identity, ControlRequest(action: .retry, who: "o"), now: 3).changed == 1)
        status = try await store.sweep("s")
        #expect(status.jobs[.pending] == 2 && status.jobs[.quarantined] == 2)
        let retried = try await lease(store, now: 4)
        #expect(retried.map(\.lease.identity) == [training[0].lease.identity])
        try await finish(store, retried[0].lease)
        #expect(try await lease(store, now: 5).map(\.lease.identity) == [grad.identity])

        // The rest of the sweep, then an end to it.
        #expect(try await store.control(sweep: "s", ControlRequest(action: .retry, who: "o"), now: 6).changed > 0)
        status = try await store.sweep("s")
        #expect(status.jobs[.pending] == 2 && status.jobs[.leased] == 1 && status.jobs[.done] == 1)
        let last = try #require(training.last)
        #expect(try await store.control(job: last.lease.identity, ControlRequest(action: .cancel, who: "o"), now: 7).changed == 1)
        status = try await store.sweep("s")
        #expect(status.jobs[.cancelled] == 2 && status.jobs[.pending, default: 0] == 0)
        _ = try await submit(store, Self.request())
        #expect(try await lease(store, now: 8).map(\.lease.identity) == [last.lease.identity])
        store.close()
    }
}
