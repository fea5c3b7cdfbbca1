import Foundation
import Sweep
import Testing
import Wire

/// Whole sweeps, from the file to the table, with real processes.
@Suite(.serialized) struct SweepRunTests {
    private let sweep = """
        sweep: tiny
        fixed: {epochs: 3, batch_size: 8, input_size: 32, hidden_size: 16, latent_size: 4}
        matrix:
          method: [ae, vae]
          dataset: discs
          seed: range(0, 2)
        """

    @Test func runPrintsATableAndASecondRunFindsAllFinished() async throws {
        let place = try Workplace()
        let file = try place.write(sweep, to: "tiny.yaml")
        let arguments = ["run", file, "--data", place.data.path, "--workers", "2", "--report", "report.html"]
        let first = try await Programs.run("medsweep", arguments, in: place.folder)
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.contains("VAE"))
        #expect(first.output.contains("±"))
        #expect(first.errors.contains("4 jobs, 4 new"))
        let report = try String(contentsOf: place.folder.appending(path: "report.html"), encoding: .utf8)
        #expect(report.contains("</html>"))
        let second = try await Programs.run("medsweep", arguments, in: place.folder)
        #expect(second.status == 0, "\(second.errors)")
        #expect(second.errors.contains("all 4 jobs of 'tiny' were finished before"))
        #expect(second.output == first.output)
    }

    /// Jobs that differ in how they score are handed the weights that the first of them has trained.
    @Test func weightsAreTrainedOnceAndScoredOften() async throws {
        let place = try Workplace()
        let scores = sweep.replacing("[ae, vae]", with: "[ae-grad, vae-grad-rec, vae-grad-kl]").replacing("range(0, 2)", with: "0")
        let file = try place.write(scores, to: "scores.yaml")
        let run = try await Programs.run(
            "medsweep", ["run", file, "--data", place.data.path, "--workers", "2"], in: place.folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("3 jobs, 3 new"), "\(run.errors)")
        let coordinator = try await ServedCoordinator(movingStateFrom: place.folder.appending(path: "medsweep-state"), in: place.folder)
        let jobs = try await coordinator.jobs(of: "tiny")
        #expect(jobs.map(\.job.method) == ["ae-grad", "vae-grad-rec", "vae-grad-kl"])
        let variational = jobs.dropFirst()
        #expect(Set(variational.map(\.weights)).count == 1 && variational.allSatisfy { $0.weights != nil })
        #expect(variational.allSatisfy { $0.result?.losses.count == 3 })
        #expect(jobs[1].result?.metrics != jobs[2].result?.metrics)
        #expect(jobs.count { $0.result?.trainingSeconds == 0 } == 1, "one of them was trained once for both")
    }

    /// `serve`, `submit`, workers, `status` and `report` apart give what `run` gives, to the last bit.
    @Test func separateProgramsGiveTheSameNumbers() async throws {
        let place = try Workplace()
        let file = try place.write(sweep, to: "tiny.yaml")
        let together = try await Programs.run(
            "medsweep", ["run", file, "--data", place.data.path, "--workers", "2", "--json"], in: place.folder)
        #expect(together.status == 0, "\(together.errors)")

        let coordinator = try await ServedCoordinator(in: place.folder)
        let submitted = try await Programs.run(
            "medsweep", ["submit", file, "--coordinator", coordinator.address, "--data", place.data.path],
            in: place.folder)
        #expect(submitted.status == 0, "\(submitted.errors)")
        let workers = try (1...2).map { number in
            try Program(
                "medsweep-worker",
                ["--coordinator", coordinator.address, "--data", place.data.path, "--jobs", "1",
                 "--spool", place.folder.appending(path: "spool-\(number)").path], in: place.folder)
        }
        let status = try await Programs.run(
            "medsweep", ["status", "tiny", "--watch", "--coordinator", coordinator.address], in: place.folder)
        #expect(status.status == 0, "\(status.errors)")
        #expect(status.output.contains("4/4 done"))
        for format in ["table", "csv", "json", "markdown", "html"] {
            let report = try await Programs.run(
                "medsweep", ["report", "tiny", "-f", format, "--coordinator", coordinator.address], in: place.folder)
            #expect(report.status == 0 && report.output.count > 100, "\(format): \(report.errors)")
        }
        let apart = try await coordinator.jobs(of: "tiny")
        for worker in workers {
            await worker.stop()
            #expect(worker.process.terminationStatus == 75, "\(worker.errors)")
        }
        await coordinator.program.stop()

        let embedded = try await ServedCoordinator(movingStateFrom: place.folder.appending(path: "medsweep-state"), in: place.folder)
        let inOne = try await embedded.jobs(of: "tiny")
        #expect(inOne.map(\.identity) == apart.map(\.identity))
        for (one, other) in zip(inOne, apart) {
            #expect(one.result?.metrics == other.result?.metrics)
            #expect(one.result?.losses == other.result?.losses)
            #expect(one.weights == other.weights && one.weights != nil)
        }
    }

    /// A worker killed in the middle of a job: the job is leased again, goes on from its checkpoint, and ends with the
    /// same bits. A coordinator killed in the middle: nothing is lost and the workers go on.
    @Test func killedProgramsLoseNothing() async throws {
        let place = try Workplace()
        let long = """
            sweep: long
            fixed: {epochs: 150, batch_size: 4, input_size: 32, hidden_size: 16, latent_size: 4}
            checkpoint_every: 2 epochs
            matrix: {method: vae, dataset: discs, seed: 7}
            """
        let file = try place.write(long, to: "long.yaml")
        let whole = try await Programs.run(
            "medsweep", ["run", file, "--data", place.data.path, "--workers", "1"], in: place.folder)
        #expect(whole.status == 0, "\(whole.errors)")

        let coordinator = try await ServedCoordinator(in: place.folder)
        func worker(_ number: Int, _ coordinator: ServedCoordinator) throws -> Program {
            try Program(
                "medsweep-worker",
                ["--coordinator", coordinator.address, "--data", place.data.path, "--jobs", "1",
                 "--spool", place.folder.appending(path: "spool-\(number)").path], in: place.folder)
        }
        let submitted = try await Programs.run(
            "medsweep", ["submit", file, "--coordinator", coordinator.address, "--data", place.data.path],
            in: place.folder)
        #expect(submitted.status == 0, "\(submitted.errors)")

        let first = try worker(1, coordinator)
        _ = try await coordinator.wait(for: "long") { ($0.running.first?.progress?.epoch ?? 0) >= 3 }
        first.kill()
        let second = try worker(2, coordinator)
        let identity = try await coordinator.jobs(of: "long")[0].identity
        var before: JobDetail = try await coordinator.get(Routes.job(identity))
        let firstCheckpoint = try #require(before.record.checkpoint)
        // The lease of the first must run out before the second gets the job; then let it get further.
        for _ in 0..<6000 where before.record.token < 2 || (before.progress?.work ?? 0) <= firstCheckpoint.work {
            try await Task.sleep(for: .milliseconds(100))
            before = try await coordinator.get(Routes.job(identity))
        }
        #expect(before.record.token == 2)

        coordinator.program.kill()
        try await Task.sleep(for: .seconds(1))
        let again = try await ServedCoordinator(in: place.folder, port: coordinator.port)
        let done = try await again.wait(for: "long") { $0.isFinished }
        #expect(done.jobs == [.done: 1])
        let resumed = try #require(try await again.jobs(of: "long").first)
        let detail: JobDetail = try await again.get(Routes.job(identity))
        // The second worker kept its lease through the coordinator's death.
        #expect(detail.record.token == 2)
        #expect(detail.attempts.map(\.outcome) == ["expired", "done"])
        await second.stop()
        #expect(second.process.terminationStatus == 75, "\(second.errors)")
        await again.program.stop()

        let reference = try await ServedCoordinator(movingStateFrom: place.folder.appending(path: "medsweep-state"), in: place.folder)
        let uninterrupted = try #require(try await reference.jobs(of: "long").first)
        #expect(resumed.identity == uninterrupted.identity)
        #expect(resumed.result?.metrics == uninterrupted.result?.metrics)
        #expect(resumed.result?.losses == uninterrupted.result?.losses)
        #expect(resumed.weights == uninterrupted.weights && resumed.weights != nil)
    }
}

extension JobRow {
    /// The SHA-256 of the final weights.
    var weights: String? { result?.artefacts.first { $0.name == "weights.safetensors" }?.sha256 }
}

extension ServedCoordinator {
    /// Serves a state folder that another coordinator has left.
    convenience init(movingStateFrom old: URL, in directory: URL) async throws {
        let home = directory.appending(path: "moved")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        try FileManager.default.moveItem(at: old, to: home.appending(path: "served-state"))
        try await self.init(in: home)
    }
}
