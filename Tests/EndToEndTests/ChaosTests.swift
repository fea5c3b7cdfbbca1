import Foundation
import TestSupport
import Testing
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// Whatever is killed, frozen, cut off or said twice: every job ends once, with the numbers of a run in peace.
@Suite(.serialized) struct ChaosTests {
    /// Killed at three moments and gone on with by another worker each time.
    @Test func killedWorkers() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        try await scenario.submit("method=vae", "seed=0", to: coordinator)
        let identity = try await coordinator.onlyJob()
        var random = SplitMix(1)
        for round in 1...3 {
            let worker = try scenario.worker("worker-\(round)", at: coordinator.address)
            try await coordinator.wait(
                for: identity, token: Int64(round), epoch: 8 * round + Int.random(in: 0..<5, using: &random))
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<100, using: &random)))
            let child = try #require(ProcessTree.children(of: worker.process.processIdentifier).first)
            if round == 2 {
                // Without its worker a training process ends by itself.
                worker.kill()
                try await eventually("the training process ends") { !ProcessTree.isAlive(child) }
            } else {
                ProcessTree.kill(worker.process.processIdentifier)
                await worker.ended()
            }
        }
        let last = try scenario.worker("worker-4", at: coordinator.address)
        try await coordinator.waitUntilFinished()
        try await coordinator.expectReference(1)
        let detail = try await coordinator.detail(identity)
        #expect(detail.attempts.map(\.outcome) == ["expired", "expired", "expired", "done"])
        #expect(detail.attempts.map(\.worker) == (1...4).map { "worker-\($0)" })
        #expect(last.errors.contains("goes on from a checkpoint"), "\(last.errors)")
    }

    /// Frozen for longer than its lease: when it wakes up, another has the job and it is told to drop it.
    @Test func frozenWorker() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        try await scenario.submit("method=ae", "seed=1", to: coordinator)
        let identity = try await coordinator.onlyJob()
        let first = try scenario.worker("first", at: coordinator.address)
        try await coordinator.wait(for: identity, token: 1, epoch: 10)
        let child = try #require(ProcessTree.children(of: first.process.processIdentifier).first)
        ProcessTree.signal(SIGSTOP, first.process.processIdentifier)
        _ = try scenario.worker("second", at: coordinator.address)
        try await coordinator.wait(for: identity, token: 2)
        ProcessTree.signal(SIGCONT, first.process.processIdentifier)
        try await eventually("the first worker drops the job") { first.errors.contains("dropped") }
        #expect(first.errors.contains("stale"), "\(first.errors)")
        #expect(!ProcessTree.isAlive(child))
        try await coordinator.waitUntilFinished()
        try await coordinator.expectReference(1)
        let detail = try await coordinator.detail(identity)
        #expect(detail.attempts.map(\.outcome) == ["expired", "done"])
        #expect(detail.result?.worker == "second")
        #expect(first.process.isRunning)
    }

    /// Cut off until it has finished and its lease is long over: its result is the job's if there is none yet.
    @Test func lateResultIsTaken() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        let cable = scenario.proxy(to: coordinator)
        try await scenario.submit("method=vae", "seed=1", to: coordinator)
        let identity = try await coordinator.onlyJob()
        let first = try scenario.worker("first", at: cable.address)
        try await coordinator.wait(for: identity, token: 1)
        cable.shut()
        let second = try scenario.worker("second", at: coordinator.address)
        try await coordinator.wait(for: identity, token: 2)
        // So that the first is first.
        ProcessTree.signal(SIGSTOP, second.process.processIdentifier)
        try await eventually("the result waits") { scenario.waiting(in: "first") == ["\(identity)-1"] }
        cable.open()
        try await coordinator.waitUntilFinished()
        ProcessTree.signal(SIGCONT, second.process.processIdentifier)
        try await eventually("the second worker drops the job") { second.errors.contains("dropped") }
        try await eventually("the result has left") { scenario.waiting(in: "first").isEmpty }
        try await coordinator.expectReference(1)
        let detail = try await coordinator.detail(identity)
        #expect(detail.attempts.first?.outcome == "done" && detail.record.resultToken == 1)
        #expect(detail.result?.worker == "first")
        #expect(first.process.isRunning && second.process.isRunning)
    }

    /// The same, but another has finished in the meantime: the late result is thanked for and changes nothing.
    @Test func lateResultIsPassedOver() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        let cable = scenario.proxy(to: coordinator)
        try await scenario.submit("method=ae", "seed=0", to: coordinator)
        let identity = try await coordinator.onlyJob()
        let first = try scenario.worker("first", at: cable.address)
        try await coordinator.wait(for: identity, token: 1)
        cable.shut()
        try await eventually("the result waits") { scenario.waiting(in: "first") == ["\(identity)-1"] }
        _ = try scenario.worker("second", at: coordinator.address)
        try await coordinator.waitUntilFinished()
        cable.open()
        try await eventually("the result has left") { scenario.waiting(in: "first").isEmpty }
        #expect(first.errors.contains("had its result already"), "\(first.errors)")
        try await coordinator.expectReference(1)
        let detail = try await coordinator.detail(identity)
        #expect(detail.attempts.map(\.outcome) == ["expired", "done"])
        #expect(detail.result?.worker == "second")
    }

    /// A network that delays, cuts and repeats requests, all over a sweep.
    @Test func faultyNetwork() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        let proxy = scenario.proxy(to: coordinator, seed: 3, isFaulty: true)
        try await scenario.submit(to: coordinator)
        let workers = try (1...2).map { try scenario.worker("worker-\($0)", at: proxy.address) }
        try await coordinator.waitUntilFinished()
        // Late replays of everything reach a finished sweep too.
        try await Task.sleep(for: .seconds(3))
        try await eventually("no result waits") { (1...2).allSatisfy { scenario.waiting(in: "worker-\($0)").isEmpty } }
        try await coordinator.expectReference(4)
        #expect(Set(proxy.counts.keys) == Set(FaultyProxy.Fault.allCases), "\(proxy.counts)")
        for worker in workers { #expect(worker.process.isRunning, "\(worker.errors)") }
    }

    /// The coordinator is away for longer than the rest of the job takes: the worker goes on, keeps the result and
    /// delivers it under the lease that it has had all along.
    @Test func absentCoordinator() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 60)
        try await scenario.submit("method=vae", "seed=0", to: coordinator)
        let identity = try await coordinator.onlyJob()
        let worker = try scenario.worker("worker", at: coordinator.address)
        try await coordinator.wait(for: identity, token: 1)
        coordinator.program.kill()
        try await eventually("the result waits") { scenario.waiting(in: "worker") == ["\(identity)-1"] }
        let again = try await scenario.coordinator(port: coordinator.port, lease: 60)
        try await again.waitUntilFinished()
        try await again.expectReference(1)
        #expect(try await again.detail(identity).attempts.map(\.outcome) == ["done"])
        try await eventually("the result has left") { scenario.waiting(in: "worker").isEmpty }
        #expect(worker.errors.components(separatedBy: "starting").count == 2, "\(worker.errors)")
    }
}
