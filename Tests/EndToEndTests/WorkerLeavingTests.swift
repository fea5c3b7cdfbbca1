import Foundation
import TestSupport
import Testing
import Wire

/// When workers leave by themselves, and with which exit code.
@Suite(.serialized) struct WorkerLeavingTests {
    private func leave(_ scenario: Scenario, at address: String, _ options: String...) async throws -> Program {
        let worker = try scenario.worker("worker", at: address, options)
        await worker.ended()
        #expect(worker.process.terminationReason == .exit)
        return worker
    }

    @Test func idleWorkersEndWell() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        let worker = try await leave(scenario, at: coordinator.address, "--exit-when-idle", "0.5")
        #expect(worker.process.terminationStatus == 0 && worker.errors.contains("nothing to do"), "\(worker.errors)")
    }

    /// Nobody is there to give work out: a cluster's node is not held for ever for that.
    @Test func workersWithoutACoordinatorLeaveToo() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        // The discard port: nobody listens there.
        let worker = try await leave(scenario, at: "http://127.0.0.1:9", "--exit-when-idle", "0.5")
        #expect(worker.process.terminationStatus == 69 && worker.errors.contains("nothing could be done"), "\(worker.errors)")
    }

    /// The coordinator goes while the result is on its way: it waits for the next worker, which the sentence says.
    @Test func workersWhoseResultsWaitLeaveToo() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 600)
        try await scenario.submit("method=vae", "seed=0", to: coordinator)
        let identity = try await coordinator.onlyJob()
        let worker = try scenario.worker("worker", at: coordinator.address, ["--exit-when-idle", "1"])
        try await coordinator.wait(for: identity, token: 1)
        coordinator.program.kill()
        await worker.ended()
        #expect(worker.process.terminationStatus == 69 && worker.errors.contains("1 results wait"), "\(worker.errors)")
        #expect(scenario.waiting(in: "worker") == ["\(identity)-1"])
    }

    /// A token that is refused is refused tomorrow too.
    @Test func refusedTokensEndAtOnce() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let tokens = try scenario.place.write("worker 0123456789abcdef-worker\noperator 0123456789abcdef-operator\n", to: "tokens")
        let coordinator = try await scenario.coordinator(options: ["--token-file", tokens])
        let wrong = try scenario.place.write("0123456789abcdef-wrong\n", to: "wrong")
        let worker = try await leave(scenario, at: coordinator.address, "--token-file", wrong)
        #expect(worker.process.terminationStatus == 77, "\(worker.errors)")
        #expect(worker.errors.contains("does not take this worker") && !worker.errors.contains("0123456789abcdef"), "\(worker.errors)")
    }
}
