import Foundation
import TestSupport
import Testing
import Wire

/// A sweep of many jobs that nobody trains: answered by workers that only pretend to.
struct GridSweep {
    static let name = "grid"
    /// The sweep file.
    let file: String
    /// What the file stands for, in order.
    let identities: [String]
    private let scenario: Scenario

    init(_ count: Int, _ scenario: Scenario) async throws {
        self.scenario = scenario
        file = try scenario.place.write(
            """
            sweep: \(GridSweep.name)
            fixed: {epochs: 1, batch_size: 8, input_size: 32, hidden_size: 16, latent_size: 4}
            matrix: {method: ae, dataset: discs, seed: "range(0, \(count))"}
            retry: {max_attempts: 100, backoff: 100ms..200ms}
            """, to: "grid.yaml")
        let plan = try await Programs.run(
            "medsweep", ["plan", file, "--jobs", "--json", "--data", scenario.place.data.path], in: scenario.place.folder)
        try #require(plan.status == 0, "\(plan.errors)")
        identities = plan.output.split(separator: "\n" as Character).compactMap { line -> String? in
            line.split(separator: "\"" as Character).first { $0.count == 64 }.map { String($0) }
        }
        try #require(Set(identities).count == count)
    }

    /// What hands it in.
    func submission(to address: String) -> [String] {
        ["submit", file, "--coordinator", address, "--data", scenario.place.data.path]
    }

    func submit(to coordinator: ServedCoordinator) async throws {
        let outcome = try await Programs.run("medsweep", submission(to: coordinator.address), in: scenario.place.folder)
        try #require(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("\(identities.count) jobs"), "\(outcome.output)")
    }

    /// A worker that pretends.
    func worker(_ name: String, at address: String) throws -> Program {
        try scenario.worker(name, at: address, ["--no-op", "--jobs", "32"])
    }

    /// Waits until so many jobs are done.
    func wait(for count: Int, at coordinator: ServedCoordinator) async throws {
        try await eventually("\(count) jobs are done") {
            let status: SweepStatus = try await coordinator.get(Routes.sweep(GridSweep.name))
            return status.jobs[.done, default: 0] >= count
        }
    }

    /// Every planned job is there once, in its place, and has one result; the sweep counts them so, too.
    /// - Returns: the results by identity.
    func expectAll(at coordinator: ServedCoordinator) async throws -> [String: JobResult] {
        let jobs = try await coordinator.allJobs(of: GridSweep.name)
        #expect(jobs.map(\.identity) == identities)
        #expect(jobs.map(\.position) == Array(identities.indices))
        #expect(jobs.allSatisfy { $0.state == .done && $0.result != nil })
        let status: SweepStatus = try await coordinator.get(Routes.sweep(GridSweep.name))
        #expect(status.total == identities.count && status.jobs.filter { $0.value != 0 } == [.done: identities.count])
        var random = SplitMix(4)
        for identity in identities.shuffled(using: &random).prefix(50) {
            let attempts = try await coordinator.detail(identity).attempts
            #expect(attempts.count { $0.outcome == "done" } == 1 && !attempts.contains { $0.outcome == nil }, "\(attempts)")
        }
        return Dictionary(jobs.compactMap { job in job.result.map { (job.identity, $0) } }) { first, _ in first }
    }
}
