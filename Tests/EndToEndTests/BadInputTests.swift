import Foundation
import Testing

/// What bad input gets: one sentence that names the place and the mend, a `sysexits` code, and nothing half-written.
@Suite(.serialized) struct BadInputTests {
    private let sweep = """
        sweep: tiny
        fixed: {epochs: 1, batch_size: 8, input_size: 32, hidden_size: 16, latent_size: 4}
        matrix: {method: ae, dataset: discs, seed: 0}
        """

    private func expect(
        _ outcome: Programs.Outcome, status: Int32, saying parts: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: sourceLocation)
        for part in parts {
            #expect(outcome.errors.contains(part), "\(outcome.errors)", sourceLocation: sourceLocation)
        }
        let lines = outcome.errors.split(whereSeparator: \.isNewline)
        #expect(lines.count == 1, "one sentence: \(outcome.errors)", sourceLocation: sourceLocation)
    }

    private func run(_ place: Workplace, _ arguments: String...) async throws -> Programs.Outcome {
        try await Programs.run("medsweep", arguments, in: place.folder)
    }

    private func exists(_ place: Workplace, _ name: String) -> Bool {
        FileManager.default.fileExists(atPath: place.folder.appending(path: name).path)
    }

    @Test func brokenSweepFiles() async throws {
        let place = try Workplace()
        let unknown = try place.write("sweep: x\nmatrix:\n  metod: [ae]\n", to: "unknown.yaml")
        expect(try await run(place, "run", unknown, "--data", place.data.path), status: 65, saying: "unknown.yaml:3", "method")
        let broken = try place.write("sweep: x\nmatrix: [\n", to: "broken.yaml")
        expect(try await run(place, "plan", broken), status: 65, saying: "broken.yaml:")
        expect(try await run(place, "run", "absent.yaml"), status: 66, saying: "absent.yaml")
        let file = try place.write(sweep, to: "tiny.yaml")
        expect(
            try await run(place, "run", file, "method=aee", "--data", place.data.path), status: 65, saying: "command line", "'ae'")
        expect(try await run(place, "run", file), status: 65, saying: "tiny.yaml:3", "discs", "--data")
        let study = try place.write(sweep.replacingOccurrences(of: "discs", with: "brain"), to: "study.yaml")
        expect(try await run(place, "run", study, "--data", place.data.path), status: 66, saying: "brain", "--data")
        #expect(!exists(place, "medsweep-state"))
    }

    @Test func brokenData() async throws {
        let place = try Workplace()
        let file = try place.write(sweep, to: "tiny.yaml")
        let discs = place.data.appending(path: "discs")
        let index = discs.appending(path: "data.json")
        let text = try Data(contentsOf: index)

        try Data(#"{"train": {"0": []}, "test": {"0": ["normal-0.png"], "1": ["abnormal-0.png"]}}"#.utf8).write(to: index)
        expect(try await run(place, "run", file, "--data", place.data.path), status: 65, saying: "data.json", "train")
        try FileManager.default.removeItem(at: index)
        expect(try await run(place, "data", "check", discs.path), status: 65, saying: "data.json")
        try text.write(to: index)

        let image = discs.appending(path: "images/train-3.png")
        let whole = try Data(contentsOf: image)
        try whole.prefix(whole.count / 2).write(to: image)
        expect(try await run(place, "data", "check", discs.path), status: 65, saying: "train-3.png")
        // Found before anything is begun.
        expect(try await run(place, "run", file, "--data", place.data.path), status: 65, saying: "train-3.png")
        #expect(!exists(place, "medsweep-state"))
    }

    /// A job that meets an image that is none fails, naming the file and what it is, and is not tried again: the bytes are the same everywhere.
    @Test func jobsOnBrokenDataAreTriedOnce() async throws {
        let place = try Workplace()
        // A name that is known without the folder: what is submitted with a folder was looked at before.
        let file = try place.write(sweep.replacingOccurrences(of: "discs", with: "brain"), to: "tiny.yaml")
        try FileManager.default.moveItem(at: place.data.appending(path: "discs"), to: place.data.appending(path: "BrainTumor"))
        try Data("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".utf8)
            .write(to: place.data.appending(path: "BrainTumor/images/train-3.png"))
        let coordinator = try await ServedCoordinator(in: place.folder)
        let worker = try Program(
            "medsweep-worker",
            ["--coordinator", coordinator.address, "--data", place.data.path, "--jobs", "1", "--spool", place.folder.appending(path: "spool").path],
            in: place.folder)
        var submitted = try await run(place, "submit", file, "--coordinator", coordinator.address)
        // The worker tells what it has with its first request.
        for _ in 0..<100 where submitted.status != 0 {
            try await Task.sleep(for: .milliseconds(50))
            submitted = try await run(place, "submit", file, "--coordinator", coordinator.address)
        }
        try #require(submitted.status == 0, "\(submitted.errors)")
        let status = try await coordinator.wait(for: "tiny") { $0.failing.count == 1 }
        #expect(status.failing[0].error.contains("train-3.png' is a pointer of Git LFS and not the file itself; fetch it with `git lfs pull`"))
        let jobs = try await coordinator.jobs(of: "tiny")
        #expect(jobs.map(\.failedAttempts) == [1])
        await worker.stop()
    }

    @Test func coordinatorsOutOfReach() async throws {
        let place = try Workplace()
        let file = try place.write(sweep, to: "tiny.yaml")
        // A port that was free a moment ago and that nobody listens on.
        let coordinator = try await ServedCoordinator(in: place.folder)
        let busy = try await run(place, "serve", "--state", "other-state", "--port", "\(coordinator.port)")
        expect(busy, status: 69, saying: "\(coordinator.port)", "--port")
        #expect(!exists(place, "other-state/medsweep.sqlite-wal"))
        let shared = try await run(place, "serve", "--state", coordinator.state.path, "--port", "0")
        expect(shared, status: 75, saying: coordinator.state.path)
        let open = try await run(place, "serve", "--state", "open-state", "--host", "0.0.0.0", "--port", "0")
        expect(open, status: 78, saying: "--token-file")
        await coordinator.program.stop()
        expect(
            try await run(place, "submit", file, "--coordinator", coordinator.address, "--data", place.data.path), status: 69,
            saying: coordinator.address)
        expect(try await run(place, "status", "--coordinator", "nonsense"), status: 64, saying: "nonsense")
    }

    @Test func newerState() async throws {
        let place = try Workplace()
        let coordinator = try await ServedCoordinator(in: place.folder)
        await coordinator.program.stop()
        let database = coordinator.state.appending(path: "medsweep.sqlite")
        // The schema's version stands at byte 60 of the file, big-endian.
        let handle = try FileHandle(forUpdating: database)
        try handle.seek(toOffset: 60)
        try handle.write(contentsOf: Data([0, 0, 3, 231]))
        try handle.close()
        let outcome = try await run(place, "serve", "--state", coordinator.state.path, "--port", "0")
        expect(outcome, status: 78, saying: coordinator.state.path, "999", "newer")
    }
}
