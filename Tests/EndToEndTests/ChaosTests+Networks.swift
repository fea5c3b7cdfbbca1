import Foundation
import Testing
import Wire

extension ChaosTests {
    /// A worker on another machine whose cable is out for longer than its lease.
    @Test(.enabled(if: TwoNetworks.isPermitted, "making network namespaces takes the right to administer the network"))
    func pulledCable() async throws {
        let networks = try TwoNetworks()
        let scenario = try Scenario()
        defer { withExtendedLifetime(networks) { scenario.end() } }
        let place = scenario.place
        let tokens = try place.write("worker 0123456789abcdef-worker\noperator 0123456789abcdef-operator\n", to: "tokens")
        let workerToken = try place.write("0123456789abcdef-worker\n", to: "worker-token")
        let operatorToken = try place.write("0123456789abcdef-operator\n", to: "operator-token")
        let address = "http://\(TwoNetworks.addresses[0]):7733"

        func start(in index: Int, _ program: String, _ arguments: [String]) throws -> Program {
            let command = networks.command(in: index, program, arguments)
            return try scenario.program(command.name, command.arguments)
        }
        func ask(_ arguments: [String]) async throws -> Programs.Outcome {
            let command = networks.command(in: 0, "medsweep", arguments + ["--coordinator", address, "--token-file", operatorToken])
            return try await Programs.run(command.name, command.arguments, in: place.folder)
        }
        func status() async throws -> SweepStatus {
            try WireCoding.decode(from: Data(try await ask(["status", Scenario.name, "--json"]).output.utf8))
        }

        let coordinator = try start(
            in: 0, "medsweep",
            ["serve", "--state", place.folder.appending(path: "served-state").path, "--host", TwoNetworks.addresses[0],
             "--port", "7733", "--lease", "1.5", "--heartbeat", "0.25", "--token-file", tokens])
        try await eventually("the coordinator listens") { coordinator.errors.contains("listening") }
        let file = try place.write(Scenario.sweep, to: "chaos.yaml")
        let submitted = try await ask(["submit", file, "method=vae", "seed=1", "--data", place.data.path])
        try #require(submitted.status == 0, "\(submitted.errors)")
        let worker = try start(
            in: 1, "medsweep-worker", scenario.workerArguments("worker", at: address) + ["--token-file", workerToken])
        try await eventually("the job trains") { try await status().running.first?.progress != nil }
        try networks.plug(false)
        try await eventually("the lease runs out") { try await status().jobs[.pending] == 1 }
        try await Task.sleep(for: .seconds(1))
        try networks.plug(true)
        try await eventually("the sweep ends") { try await status().isFinished }
        #expect(worker.process.isRunning, "\(worker.errors)")
        await coordinator.stop()
        #expect(coordinator.process.terminationStatus == 0, "\(coordinator.errors)")

        // From here the state can be looked into.
        let inside = try await scenario.coordinator()
        try await inside.expectReference(1)
    }

    /// Answers with leases that never arrive cost no attempt, where one is all that there is, and no lease's time.
    @Test func lostLeasesAreHandedOverAgain() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 3600, heartbeat: 1)
        let source = Scenario.sweep.replacingOccurrences(of: "max_attempts: 100", with: "max_attempts: 1")
        try await scenario.submit(to: coordinator, source: source)
        let proxy = scenario.proxy(to: coordinator, lostLeases: 2)
        let worker = try scenario.worker("worker", at: proxy.address, ["--no-op", "--jobs", "3"])
        try await eventually("the sweep ends") {
            let status: SweepStatus = try await coordinator.get(Routes.sweep(Scenario.name))
            return status.isFinished
        }
        let jobs = try await coordinator.allJobs(of: Scenario.name)
        #expect(jobs.count == 4 && jobs.allSatisfy { $0.state == .done })
        for job in jobs {
            let attempts = try await coordinator.detail(job.identity).attempts
            #expect(attempts.map(\.outcome) == ["done"])
        }
        #expect(worker.errors.components(separatedBy: "no work").count == 3, "\(worker.errors)")
    }
}
