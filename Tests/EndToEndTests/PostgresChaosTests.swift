import Foundation
import TestSupport
import Testing
import Wire

/// Sweeps in PostgreSQL, with coordinators and the server itself killed under them.
@Suite(.serialized, .enabled(if: PostgresServer.isInstalled, "PostgreSQL is not installed"))
struct PostgresChaosTests {
    /// What makes coordinators share a queue and its files.
    private func options(_ server: PostgresServer, _ scenario: Scenario) -> [String] {
        ["--store", server.url, "--artefacts", scenario.place.folder.appending(path: "artefacts").path]
    }

    /// Two coordinators serve one sweep. One is killed; its worker goes on, and delivers when it is back.
    @Test func twoCoordinators() async throws {
        let server = try PostgresServer()
        let scenario = try Scenario()
        defer { withExtendedLifetime(server) { scenario.end() } }
        let store = options(server, scenario)
        let first = try await scenario.coordinator("first-state", options: store)
        let second = try await scenario.coordinator("second-state", options: store)
        try await scenario.submit(to: first)
        let identities = try await second.jobs(of: Scenario.name).map(\.identity)
        #expect(try await first.jobs(of: Scenario.name).map(\.identity) == identities)

        let worker = try scenario.worker("first", at: first.address)
        let held = try await eventually("the first worker trains") {
            let status: SweepStatus = try await second.get(Routes.sweep(Scenario.name))
            return status.running.first { $0.worker == "first" && ($0.progress?.epoch ?? 0) >= 10 }?.identity
        }
        let other = try scenario.worker("second", at: second.address)
        first.program.kill()
        // Its lease runs out at the coordinator that is left, though that one has not given it.
        try await eventually("the lease runs out") { try await second.detail(held).attempts[0].outcome == "expired" }
        try await eventually("the result waits") { scenario.waiting(in: "first") == ["\(held)-1"] }
        let again = try await scenario.coordinator("first-state", port: first.port, options: store)
        try await second.waitUntilFinished()
        try await eventually("the result has left") { scenario.waiting(in: "first").isEmpty }
        try await second.expectReference(4)
        try await again.expectReference(4)
        #expect(worker.process.isRunning && other.process.isRunning)
    }

    /// Two coordinators never give out one job twice, whoever asks whom.
    @Test func twoCoordinatorsAndManyJobs() async throws {
        let server = try PostgresServer()
        let scenario = try Scenario()
        defer { withExtendedLifetime(server) { scenario.end() } }
        // Nobody is killed here, so that no lease may run out: each job has one attempt.
        let coordinators = [
            try await scenario.coordinator("first-state", lease: 600, options: options(server, scenario)),
            try await scenario.coordinator("second-state", lease: 600, options: options(server, scenario)),
        ]
        let grid = try await GridSweep(2000, scenario)
        try await grid.submit(to: coordinators[0])
        let workers = try coordinators.enumerated().map { try grid.worker("worker-\($0)", at: $1.address) }
        try await coordinators[1].waitUntilFinished(GridSweep.name)
        let results = try await grid.expectAll(at: coordinators[0])
        #expect(Set(results.values.map(\.worker)) == ["worker-0", "worker-1"])
        for identity in grid.identities.prefix(200) {
            #expect(try await coordinators[1].detail(identity).attempts.count == 1)
        }
        for worker in workers { #expect(worker.process.isRunning, "\(worker.errors)") }
    }

    /// The database is killed and comes back, twice, while jobs train.
    @Test func databaseKilledWhileJobsTrain() async throws {
        let server = try PostgresServer()
        let scenario = try Scenario()
        defer { withExtendedLifetime(server) { scenario.end() } }
        let coordinator = try await scenario.coordinator(options: options(server, scenario))
        try await scenario.submit(to: coordinator)
        let workers = try (1...2).map { try scenario.worker("worker-\($0)", at: coordinator.address) }
        var random = SplitMix(10)
        for round in 1...2 {
            let goal = Double(round) * 0.25
            try await eventually("the sweep has got to \(goal)") {
                let status: SweepStatus = try await coordinator.get(Routes.sweep(Scenario.name))
                return status.progress >= goal
            }
            server.kill()
            try await Task.sleep(for: .milliseconds(Int.random(in: 500..<2500, using: &random)))
            try server.restart()
        }
        try await coordinator.waitUntilFinished()
        try await eventually("no result waits") { (1...2).allSatisfy { scenario.waiting(in: "worker-\($0)").isEmpty } }
        try await coordinator.expectReference(4)
        #expect(coordinator.program.process.isRunning)
        for worker in workers { #expect(worker.process.isRunning, "\(worker.errors)") }
    }

    /// The database is killed again and again while results pour in: what has been said yes to stays.
    @Test func databaseKilledAmongResults() async throws {
        let server = try PostgresServer()
        let scenario = try Scenario()
        defer { withExtendedLifetime(server) { scenario.end() } }
        let coordinator = try await scenario.coordinator(options: options(server, scenario))
        let grid = try await GridSweep(3000, scenario)
        try await grid.submit(to: coordinator)
        let address = coordinator.address
        let witness = Witness(name: "witness", fingerprint: try await coordinator.jobs(of: GridSweep.name)[0].job.fingerprint)
        async let acknowledged = witness.work(at: address, count: 1000)
        _ = try grid.worker("worker", at: address)
        var random = SplitMix(11)
        for round in 1...3 {
            try await grid.wait(for: 400 * round + Int.random(in: 0..<300, using: &random), at: coordinator)
            server.kill()
            try server.restart()
        }
        try await coordinator.waitUntilFinished(GridSweep.name)
        let results = try await grid.expectAll(at: coordinator)
        let witnessed = await acknowledged
        #expect(witnessed.count > 100)
        for (identity, result) in witnessed { #expect(results[identity] == result) }
    }
}
