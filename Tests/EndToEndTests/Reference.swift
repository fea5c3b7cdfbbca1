import Foundation
import Testing

/// What the jobs of ``Scenario/sweep`` end with when nothing goes wrong: computed once for all tests.
enum Reference {
    private static let run = Task { try await compute() }

    /// Outcomes by the jobs' identities.
    static func outcomes() async throws -> [String: JobOutcome] { try await run.value }

    private static func compute() async throws -> [String: JobOutcome] {
        let place = try Workplace()
        let file = try place.write(Scenario.sweep, to: "chaos.yaml")
        let outcome = try await Programs.run(
            "medsweep", ["run", file, "--data", place.data.path, "--workers", "2"], in: place.folder)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let coordinator = try await ServedCoordinator(
            movingStateFrom: place.folder.appending(path: "medsweep-state"), in: place.folder)
        defer { coordinator.program.kill() }
        var outcomes: [String: JobOutcome] = [:]
        for job in try await coordinator.jobs(of: Scenario.name) {
            let detail = try await coordinator.detail(job.identity)
            try #require(detail.attempts.count == 1, "the reference run was not a smooth one: \(detail.attempts)")
            outcomes[job.identity] = JobOutcome(try #require(job.result))
        }
        return outcomes
    }
}
