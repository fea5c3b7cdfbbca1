import Foundation
import TestSupport
import Testing
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// Workers of one machine and one user, with the spool that all of them have by default.
@Suite(.serialized) struct SharedSpoolTests {
    /// Without a spool or a slot of its own.
    private func worker(_ name: String, at address: String, in scenario: Scenario) throws -> Program {
        try scenario.program("medsweep-worker", ["--coordinator", address, "--data", scenario.place.data.path, "--jobs", "1", "--name", name])
    }

    /// A result waits for its own coordinator, whoever else works beside it and wherever the other coordinator listens; and when its worker
    /// is dead the next one of that coordinator delivers it.
    @Test func resultsFindTheirCoordinator() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let spool = scenario.place.folder.appending(path: "cache/medsweep/spool")
        let first = try await scenario.coordinator("first", lease: 600)
        try await scenario.submit("method=vae", "seed=0", to: first)
        let identity = try await first.onlyJob()
        let finisher = try worker("finisher", at: first.address, in: scenario)
        try await first.wait(for: identity, token: 1)
        first.program.kill()
        try await eventually("the result waits") { Scenario.waiting(in: spool) == ["\(identity)-1"] }

        // Another coordinator at the very address, which has given the same job and number to another worker.
        let second = try await scenario.coordinator("second", port: first.port, lease: 600)
        try await scenario.submit("method=vae", "seed=0,1", to: second)
        let other = try worker("other", at: second.address, in: scenario)
        try await second.waitUntilFinished()
        #expect(try await second.jobs(of: Scenario.name).allSatisfy { $0.result != nil })
        #expect(Scenario.waiting(in: spool) == ["\(identity)-1"], "\(finisher.errors)")
        for program in [finisher, other] { program.kill() }
        let third = try worker("third", at: second.address, in: scenario)
        try await eventually("the third has asked") {
            let list: WorkerList = try await second.get(Routes.workers)
            return list.workers.contains { $0.description.name == "third" }
        }
        await second.program.stop()
        try await Task.sleep(for: .milliseconds(700))
        #expect(Scenario.waiting(in: spool) == ["\(identity)-1"], "\(third.errors)")
        third.kill()

        // Its own is back, somewhere else.
        let again = try await scenario.coordinator("first", lease: 600)
        _ = try worker("fourth", at: again.address, in: scenario)
        try await again.waitUntilFinished()
        try await again.expectReference(1)
        let attempts = try await again.detail(identity).attempts
        #expect(attempts.map(\.outcome) == ["done"] && attempts.map(\.worker) == ["finisher"])
        try await eventually("the result has left") { Scenario.waiting(in: spool).isEmpty }
    }

    /// Two workers of one coordinator on one spool: each delivers its own, once.
    @Test func neitherTakesTheOthers() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        try await scenario.submit(to: coordinator)
        let proxies = (0..<2).map { scenario.proxy(to: coordinator, seed: UInt64($0), isFaulty: true) }
        let workers = try proxies.map { try worker("worker-\($0.port)", at: $0.address, in: scenario) }
        try await coordinator.waitUntilFinished()
        try await coordinator.expectReference(4)
        let spool = scenario.place.folder.appending(path: "cache/medsweep/spool")
        try await eventually("no result waits") { Scenario.waiting(in: spool).isEmpty }
        for worker in workers {
            #expect(worker.process.isRunning && !worker.errors.contains("set aside") && !worker.errors.contains("cannot read"), "\(worker.errors)")
        }
    }
}
