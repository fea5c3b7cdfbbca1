import Foundation
import TestSupport
import Testing
import Wire

/// Coordinators that are killed while they take in a sweep or its results.
extension ChaosTests {
    /// Killed three times in the middle of a submit. Submitting again makes the sweep what it should be.
    @Test func coordinatorKilledInASubmit() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let grid = try await GridSweep(6000, scenario)
        var coordinator = try await scenario.coordinator(lease: 10)
        let submission = grid.submission(to: coordinator.address)
        // How long taking it in takes here, to aim at; a plan does the same work and undoes it.
        let start = ContinuousClock.now
        let plan = try await Programs.run("medsweep", ["plan"] + submission.dropFirst(), in: scenario.place.folder)
        try #require(plan.status == 0, "\(plan.errors)")
        let length = ContinuousClock.now - start
        var random = SplitMix(5)
        for _ in 1...3 {
            let client = try scenario.program("medsweep", submission)
            try await Task.sleep(for: length * Double.random(in: 0.2..<0.9, using: &random))
            coordinator.program.kill()
            coordinator = try await scenario.coordinator(port: coordinator.port, lease: 10)
            client.kill()
        }
        try await grid.submit(to: coordinator)
        let workers = try (1...2).map { try grid.worker("worker-\($0)", at: coordinator.address) }
        try await coordinator.waitUntilFinished(GridSweep.name)
        _ = try await grid.expectAll(at: coordinator)
        for worker in workers { #expect(worker.process.isRunning, "\(worker.errors)") }
    }

    /// Killed again and again while results pour in: what it has said yes to stays.
    @Test func coordinatorKilledAmongResults() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let grid = try await GridSweep(3000, scenario)
        var coordinator = try await scenario.coordinator()
        try await grid.submit(to: coordinator)
        let address = coordinator.address
        let witness = Witness(name: "witness", fingerprint: try await coordinator.jobs(of: GridSweep.name)[0].job.fingerprint)
        async let acknowledged = witness.work(at: address, count: 1000)
        let worker = try grid.worker("worker", at: address)
        var random = SplitMix(6)
        for round in 1...4 {
            try await grid.wait(for: 300 * round + Int.random(in: 0..<300, using: &random), at: coordinator)
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<50, using: &random)))
            coordinator.program.kill()
            coordinator = try await scenario.coordinator(port: coordinator.port)
        }
        try await coordinator.waitUntilFinished(GridSweep.name)
        let results = try await grid.expectAll(at: coordinator)
        let witnessed = await acknowledged
        #expect(witnessed.count > 100)
        for (identity, result) in witnessed { #expect(results[identity] == result) }
        #expect(worker.process.isRunning, "\(worker.errors)")
    }
}
