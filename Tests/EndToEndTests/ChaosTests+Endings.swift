import Foundation
import TestSupport
import Testing
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// Training processes that crash, and workers that are asked to leave.
extension ChaosTests {
    /// Crashes cost an attempt each, are told with their signal, and neither the worker nor its other job minds.
    @Test func crashingTraining() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        try await scenario.submit("method=ae", "seed=0,1", to: coordinator)
        let worker = try scenario.worker("worker", at: coordinator.address)
        let crashed = try await coordinator.jobs(of: Scenario.name)[0].identity
        let signals = [SIGSEGV, SIGKILL, SIGABRT]
        for (index, signal) in signals.enumerated() {
            let failed = index
            // After its backoff the job may have to wait for the other one's end.
            try await eventually("attempt \(index + 1) trains") {
                let detail = try await coordinator.detail(crashed)
                return detail.record.state == .leased && detail.record.failedAttempts == failed && (detail.progress?.epoch ?? 0) >= 5
            }
            let children = ProcessTree.children(of: worker.process.processIdentifier)
            try #require(children.count == 1)
            kill(children[0], signal)
            try await eventually("crash \(index + 1) is told") {
                try await coordinator.detail(crashed).record.failedAttempts == failed + 1
            }
        }
        try await coordinator.waitUntilFinished()
        try await coordinator.expectReference(2)
        let attempts = try await coordinator.detail(crashed).attempts
        #expect(attempts.map(\.outcome) == ["failed", "failed", "failed", "done"])
        #expect(attempts.map(\.signal) == signals.map(Int.init) + [nil])
        #expect(attempts.prefix(3).allSatisfy { $0.error?.contains("signal") == true })
        #expect(worker.process.isRunning)
    }

    /// SIGTERM: checkpoint, hand back, exit 75; the next worker goes on from there.
    @Test func leavingWorker() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 60)
        try await scenario.submit("method=vae", "seed=1", to: coordinator, source: Self.withoutCheckpoints)
        let identity = try await coordinator.onlyJob()
        let first = try scenario.worker("first", at: coordinator.address)
        try await coordinator.wait(for: identity, token: 1, epoch: 10)
        await first.stop()
        #expect(first.process.terminationReason == .exit && first.process.terminationStatus == 75, "\(first.errors)")
        let between = try await coordinator.detail(identity)
        #expect(between.record.state == .pending && between.record.failedAttempts == 0)
        #expect(between.attempts.map(\.outcome) == ["released"])
        let checkpoint = try #require(between.record.checkpoint)
        #expect(checkpoint.work >= 10 * 20)
        let second = try scenario.worker("second", at: coordinator.address)
        try await coordinator.waitUntilFinished()
        #expect(second.errors.contains("goes on from a checkpoint at work \(checkpoint.work)"), "\(second.errors)")
        try await coordinator.expectReference(1)
        #expect(try await coordinator.detail(identity).attempts.map(\.outcome) == ["released", "done"])
    }

    /// SIGTERM in the moment in which a job begins: nothing that listens for it may be up yet.
    @Test func leavingWorkerThatHasJustBegun() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 60)
        try await scenario.submit("method=vae", "seed=0", to: coordinator)
        let identity = try await coordinator.onlyJob()
        var random = SplitMix(8)
        for round in 1...3 {
            let worker = try scenario.worker("worker-\(round)", at: coordinator.address)
            while try await coordinator.detail(identity).record.token < round { try await Task.sleep(for: .milliseconds(2)) }
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<60, using: &random)))
            await worker.stop()
            #expect(worker.process.terminationReason == .exit && worker.process.terminationStatus == 75, "\(worker.errors)")
            let detail = try await coordinator.detail(identity)
            #expect(detail.attempts.map(\.outcome) == Array(repeating: "released", count: round), "\(worker.errors)")
        }
        _ = try scenario.worker("last", at: coordinator.address)
        try await coordinator.waitUntilFinished()
        try await coordinator.expectReference(1)
    }

    /// A job that does not stop within the grace is ended and handed back: its worker leaves, it has not failed.
    @Test func leavingWorkerWithAJobThatHangs() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 60)
        try await scenario.submit("method=ae", "seed=1", to: coordinator)
        let identity = try await coordinator.onlyJob()
        let first = try scenario.worker("first", at: coordinator.address, ["--grace", "1"])
        try await coordinator.wait(for: identity, token: 1, epoch: 10)
        let child = try #require(ProcessTree.children(of: first.process.processIdentifier).first)
        kill(child, SIGSTOP)
        await first.stop()
        #expect(first.process.terminationReason == .exit && first.process.terminationStatus == 75, "\(first.errors)")
        let between = try await coordinator.detail(identity)
        #expect(between.attempts.map(\.outcome) == ["released"] && between.record.failedAttempts == 0, "\(between.attempts)")
        _ = try scenario.worker("second", at: coordinator.address)
        try await coordinator.waitUntilFinished()
        try await coordinator.expectReference(1)
    }

    /// A second SIGTERM some seconds later ends a worker at once, whatever its job does.
    @Test func leavingWorkerThatIsAskedTwice() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        try await scenario.submit("method=ae", "seed=0", to: coordinator)
        let identity = try await coordinator.onlyJob()
        let first = try scenario.worker("first", at: coordinator.address, ["--grace", "3600"])
        try await coordinator.wait(for: identity, token: 1, epoch: 10)
        let child = try #require(ProcessTree.children(of: first.process.processIdentifier).first)
        // It cannot write its checkpoint, so that the worker waits.
        kill(child, SIGSTOP)
        // A script that forwards it says it twice at once.
        for _ in 0..<2 { first.process.terminate() }
        try await Task.sleep(for: .seconds(3.2))
        #expect(first.process.isRunning)
        await first.stop()
        #expect(first.process.terminationReason == .exit && first.process.terminationStatus == 128 + SIGTERM)
        kill(child, SIGCONT)
        try await eventually("the training process ends") { !ProcessTree.isAlive(child) }
        _ = try scenario.worker("second", at: coordinator.address)
        try await coordinator.waitUntilFinished()
        try await coordinator.expectReference(1)
        #expect(try await coordinator.detail(identity).attempts.map(\.outcome) == ["expired", "done"])
    }

    /// The sweep with no checkpoints but those that are asked for.
    private static let withoutCheckpoints = Scenario.sweep
        .replacingOccurrences(of: "checkpoint_every: 3 epochs", with: "checkpoint_every: 1h")
}
