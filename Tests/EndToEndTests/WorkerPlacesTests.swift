import Foundation
import TestSupport
import Testing
import Wire

/// Where workers keep things, and what they do where they cannot.
@Suite(.serialized) struct WorkerPlacesTests {
    /// A TMPDIR, a HOME and a cache that cannot be written to: the work is done all the same, elsewhere, and it is said.
    @Test func runsNeedNoHome() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let file = try scenario.place.write(Scenario.sweep.replacing("epochs: 60", with: "epochs: 1"), to: "chaos.yaml")
        let run = try scenario.program(
            "/usr/bin/env",
            ["-u", "XDG_CACHE_HOME", "HOME=/dev/null", "TMPDIR=/dev/null/tmp", Programs.folder.appending(path: "medsweep").path, "run", file,
             "method=ae", "--data", scenario.place.data.path])
        await run.ended()
        #expect(run.process.terminationStatus == 0, "\(run.errors)")
        let log = try String(contentsOf: scenario.place.folder.appending(path: "medsweep-state/workers/worker-1.log"), encoding: .utf8)
        #expect(log.contains("decoded images are kept in '/tmp/medsweep-") && log.contains("'/dev/null/.cache"), "\(log)")
    }

    /// `run` has the option that the sentence names.
    @Test func theCacheCanBeNamed() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let file = try scenario.place.write(Scenario.sweep.replacing("epochs: 60", with: "epochs: 1"), to: "chaos.yaml")
        let named = scenario.place.folder.appending(path: "named")
        let run = try await Programs.run(
            "medsweep", ["run", file, "method=ae", "--data", scenario.place.data.path, "--cache", named.path], in: scenario.place.folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try !FileManager.default.contentsOfDirectory(atPath: named.appending(path: "pixels").path).isEmpty)
    }

    /// One sentence at the start, and no job is taken.
    @Test func placesForResultsAreCheckedFirst() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let worker = try scenario.program(
            "medsweep-worker", ["--coordinator", "http://127.0.0.1:9", "--data", scenario.place.data.path, "--spool", "/dev/null/spool"])
        await worker.ended()
        #expect(worker.process.terminationStatus == 73)
        #expect(worker.errors.split(separator: "\n").count == 1 && worker.errors.contains("'/dev/null/spool'") && worker.errors.contains("--spool"), "\(worker.errors)")
    }

    /// A full disk costs no attempt: no job is taken until there is room.
    @Test(.enabled(if: SmallDisk.isPermitted, "mounting a small file system in memory takes the right to mount"))
    func fullDisksTakeNoJobs() async throws {
        let scenario = try Scenario()
        let disk = try SmallDisk(on: scenario.spool(of: "worker"), megabytes: 80)
        defer {
            scenario.end()
            disk.end()
        }
        let coordinator = try await scenario.coordinator()
        disk.fill()
        try await scenario.submit("method=vae", "seed=0", to: coordinator)
        let refused = try scenario.worker("worker", at: coordinator.address)
        await refused.ended()
        #expect(refused.process.terminationStatus == 73 && refused.errors.contains("no room left"), "\(refused.errors)")
        try disk.free()
        let worker = try scenario.worker("worker", at: coordinator.address)
        let identity = try await coordinator.onlyJob()
        try await coordinator.wait(for: identity, token: 1)
        // While it trains. Its result goes to the coordinator from where it is.
        disk.fill()
        try await coordinator.waitUntilFinished()
        try await scenario.submit("method=ae", "seed=0", to: coordinator)
        try await eventually("the worker says why it takes nothing") { worker.errors.contains("no work is taken: ") }
        let jobs = try await coordinator.jobs(of: Scenario.name)
        let waiting = try #require(jobs.first { $0.state != .done })
        #expect(try await coordinator.detail(waiting.identity).attempts.isEmpty)
        try disk.free()
        try await coordinator.waitUntilFinished()
        #expect(try await coordinator.detail(waiting.identity).attempts.map(\.outcome) == ["done"])
        #expect(worker.errors.contains("there is room again"))
    }
}
