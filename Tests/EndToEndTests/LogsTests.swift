import Foundation
import Testing
import Wire

/// What a job writes and how it learns, seen while it runs.
@Suite struct LogsTests {
    private static let source = Scenario.sweep + "\nevaluate_every: 20\n"

    @Test func logsAndCurvesAreSeenWhileAJobRuns() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 30)
        try await scenario.submit("method=vae", "seed=0", to: coordinator, source: Self.source)
        let worker = try scenario.worker("worker", at: coordinator.address)
        let identity = try #require(try await coordinator.allJobs(of: Scenario.name).first).identity
        let follower = try scenario.program("medsweep", ["logs", String(identity.prefix(8)), "--follow", "--coordinator", coordinator.address])
        try await eventually("an epoch is seen while the job runs") {
            let detail = try await coordinator.detail(identity)
            return detail.result == nil && detail.curve?.first?.loss != nil && follower.output.contains(" training: epoch 1 of 60: loss ")
        }
        let early = follower.output
        #expect(early.contains(" attempt 1 on worker\n") && early.contains(" vae on discs, seed 0: ") && early.contains(" computes on cpu, "))
        await follower.ended()
        #expect(follower.process.terminationStatus == 0 && follower.output.hasPrefix(early), "\(follower.errors)")
        for part in [" training: epoch 60 of 60: loss ", " training: epoch 40 of 60: AUC ", " scoring", " finished after "] {
            #expect(follower.output.contains(part), "\(part) in \(follower.output)")
        }
        let detail = try await coordinator.detail(identity)
        #expect(detail.curve?.map(\.work) == [20 * 20, 40 * 20] && detail.curve?.allSatisfy { $0.auc != nil } == true)
        #expect(detail.result?.losses.count == 60)

        func logs(_ arguments: String...) async throws -> Programs.Outcome {
            try await Programs.run("medsweep", ["logs", identity, "--coordinator", coordinator.address] + arguments, in: scenario.place.folder)
        }
        #expect(try await logs().output == follower.output)
        let last = try await logs("-n", "1").output
        #expect(last.contains(" sends its result and ") && last.split(separator: "\n").count == 1)
        let page: LogPage = try WireCoding.decode(from: Data(try await logs("--json").output.utf8))
        #expect(page.isEnded && page.state == .done && page.text == follower.output)
        await worker.stop()
    }

    /// The log of a job that failed for good tells why, as the exit code does.
    @Test func failuresAreInTheLog() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 30)
        // The loss becomes infinite at once.
        let source = Self.source.replacingOccurrences(of: "epochs: 60", with: "epochs: 60, learning_rate: 10")
            .replacingOccurrences(of: "max_attempts: 100", with: "max_attempts: 1")
        try await scenario.submit("method=vae", "seed=0", to: coordinator, source: source)
        let identity = try #require(try await coordinator.allJobs(of: Scenario.name).first).identity
        let follower = try scenario.program("medsweep", ["logs", identity, "--follow", "--coordinator", coordinator.address])
        _ = try scenario.worker("worker", at: coordinator.address)
        await follower.ended()
        #expect(follower.process.terminationStatus == 1 && follower.errors.contains("the job is quarantined"), "\(follower.errors)")
        #expect(follower.output.contains("the job failed: the loss became "), "\(follower.output)")
    }
}
