import ArgumentParser
import Catalogue
import Foundation
import Host
import Sweep
import Testing
import Wire

@testable import medsweep

/// What the commands say of jobs' needs, and what local workers are started with.
@Suite struct ResourceTests {
    private func sweep(_ text: String, datasets: [String: ImageColor] = ["own": .grey]) throws -> (file: SweepFile, jobs: JobSequence) {
        let file = try SweepFile.parse(source: text, file: "s.yaml", datasets: Catalogue.datasets + datasets.keys.map { .custom($0) })
        return (file, try file.jobs(contents: datasets.mapValues { DatasetContent(fingerprint: "f", color: $0) }))
    }

    private let text = """
        sweep: s
        matrix: {method: [vae, vae-grad-kl, ae, resnet18-imagenet], dataset: own, seed: "range(0, 3)"}
        """

    /// Jobs that differ in their scorers share a training; what is not trained has none.
    @Test func trainingsAreCountedOnce() throws {
        let (file, jobs) = try sweep(text + "\nrequires: {threads: 2, memory: 3GiB}")
        let tally = MethodTally(jobs, requires: file.policy.requires)
        let parts = Dictionary(uniqueKeysWithValues: tally.methods.map { ($0.name, $0.part) })
        #expect(parts.mapValues(\.jobs) == ["vae": 3, "vae-grad-kl": 3, "ae": 3, "resnet18-imagenet": 3])
        #expect(parts.mapValues(\.trainings) == ["vae": 3, "vae-grad-kl": 0, "ae": 3, "resnet18-imagenet": 0])
        #expect(tally.total.jobs == 12 && tally.total.trainings == 6 && tally.total.resources.memory == 3 << 30)
        #expect(tally.lines.last?.split(separator: " ", omittingEmptySubsequences: true).map(String.init) == ["in", "all", "12", "6", "12", "2", "3", "GiB"])
    }

    @Test func costsPayForATrainingOnce() throws {
        let (file, jobs) = try sweep(text.replacing("dataset: own", with: "dataset: rsna"), datasets: ["rsna": .grey])
        let tally = MethodTally(jobs, requires: file.policy.requires)
        let text = CostText(sweep: "s", cost: SweepCost(jobs, counts: [:], machine: .t4), tally: tally)
        let rows = text.text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.first { $0.first == "vae" }?.prefix(4) == ["vae", "3", "3", "\(3 * 250 * 3851)"])
        #expect(rows.first { $0.first == "vae-grad-kl" }?.prefix(4) == ["vae-grad-kl", "0", "3", "0"])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.json().utf8)) as? [String: Any])
        let methods = try #require(object["methods"] as? [[String: Any]])
        #expect(methods.allSatisfy { ($0["memory"] as? Int ?? 0) > 64 << 20 && $0["scorings"] as? Int == 3 })
    }

    /// What one's own images are is said, and what jobs make of it is so.
    @Test func plansTellWhatImagesAre() throws {
        let (file, jobs) = try sweep(text, datasets: ["own": .rgb])
        let plan = PlanText(
            plan: SubmitResponse(sweep: "s", revision: 1, total: 12, new: 12, reused: 0, queued: 0, withdrawn: 0, axes: ["seed": ["0": 4]]),
            tally: MethodTally(jobs, requires: file.policy.requires),
            contents: ["own": DatasetContent(fingerprint: "f", color: .rgb), "rsna": DatasetContent(fingerprint: "g")])
        #expect(plan.text.hasSuffix("\n  own: images are rgb: color=rgb unless the sweep says otherwise") && !plan.text.contains("rsna"))
        #expect(jobs.allSatisfy { $0.job.configuration["color"] == "rgb" })
        let object = try #require(try JSONSerialization.jsonObject(with: WireCoding.encode(plan)) as? [String: Any])
        #expect(object["total"] as? Int == 12 && (object["methods"] as? [Any])?.count == 4)
    }

    private func options(_ words: String...) throws -> LocalWorkerOptions { try LocalWorkerOptions.parse(words) }

    private let limits = HostLimits(root: URL(filePath: "/absent"), environment: [:], processors: 5, physicalMemory: 10_000 << 20)

    /// A worker program that says what it has.
    private func program(_ gpus: Int) throws -> URL {
        let file = URL.temporaryDirectory.appending(path: "medsweep-worker-\(UUID().uuidString)")
        let report = EngineReport(
            platform: .init(device: "d", libtorch: "l", kernels: "k"), gpus: (0..<gpus).map { .init(number: $0, name: "g", memory: 1) })
        let json = String(decoding: try JSONEncoder().encode(EngineReport.Answer.report(report)), as: UTF8.self)
        try Data("#!/bin/sh\necho '\(json)'\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        return file
    }

    /// One worker looks for itself; several share evenly what there is.
    @Test func workersShareTheMachine() throws {
        #expect(try options().arguments(program: URL(filePath: "/absent"), limits: limits) == [["--device", "auto", "--kernels", "default"]])
        #expect(try options("--threads", "3").arguments(program: URL(filePath: "/absent"), limits: limits)[0].contains("3"))
        let none = try program(0)
        let two = try options("--workers", "2").arguments(program: none, limits: limits)
        #expect(two.map { Array($0.dropFirst(4)) } == [["--threads", "3", "--memory", "4500MiB"], ["--threads", "2", "--memory", "4500MiB"]])
        let many = try options("--workers", "8", "--kernels", "avx2").arguments(program: none, limits: limits)
        #expect(many.count == 8 && many.allSatisfy { $0[0...5] == ["--device", "auto", "--kernels", "avx2", "--threads", "1"] })
        try FileManager.default.removeItem(at: none)
    }

    @Test func gpusAreDealtOut() throws {
        let three = try program(3)
        defer { try? FileManager.default.removeItem(at: three) }
        let two = try options("--workers", "2", "--gpu-memory", "8GiB").arguments(program: three, limits: limits)
        #expect(two.map { Array($0.prefix { $0 != "--kernels" }) } == [["--device", "cuda:0", "--device", "cuda:2"], ["--device", "cuda:1"]])
        #expect(two.allSatisfy { $0.suffix(2) == ["--gpu-memory", "8192MiB"] })
        let error = #expect(throws: Failure.self) { try options("--workers", "4").arguments(program: three, limits: limits) }
        #expect(error?.code == .usage && error?.description.contains("--workers") == true)
    }

    @Test func mistakesAreNamed() {
        for (words, part) in [
            (["--device", "gpu"], "no device"), (["--device", "cpu", "--device", "cuda:0"], "--device"), (["--memory", "16"], "16GiB"),
            (["--threads", "0"], "--threads"), (["--workers", "0"], "--workers"), (["--kernels", "sse"], "sse"),
        ] {
            let error = #expect(throws: (any Error).self) { try LocalWorkerOptions.parse(words) }
            #expect(error.map { LocalWorkerOptions.message(for: $0) }?.contains(part) == true, "\(words)")
        }
    }

    private func status(pending: Int, leased: Int = 0, obstacles: [Int]) -> SweepStatus {
        SweepStatus(
            name: "s", submitted: 0, jobs: [.pending: pending, .leased: leased], total: 9, progress: 0, remaining: nil, running: [], failing: [],
            policy: SweepPolicy(), obstacles: obstacles.isEmpty ? nil : obstacles.map { .init(jobs: $0, reason: "64 GiB are asked for") })
    }

    @Test func standstillsAreNoticed() async throws {
        var standstill = Standstill(patience: .seconds(5))
        let start = ContinuousClock.now
        func reason(_ status: SweepStatus, at seconds: Int, failed: Bool = false) async throws -> String? {
            try await standstill.reason(status, now: start + .seconds(seconds)) { failed }
        }
        #expect(try await reason(status(pending: 3, leased: 1, obstacles: [3]), at: 0) == nil, "something runs")
        #expect(try await reason(status(pending: 3, obstacles: []), at: 1) == nil, "it is about to begin")
        #expect(try await reason(status(pending: 3, obstacles: [1, 2]), at: 2) == "3 jobs of 's' cannot run on this machine: 64 GiB are asked for")
        // Others wait for one that waits: after a while it is clear that they do.
        #expect(try await reason(status(pending: 3, obstacles: [1]), at: 10) == nil)
        #expect(try await reason(status(pending: 3, obstacles: [1]), at: 14) == nil)
        #expect(try await reason(status(pending: 3, leased: 1, obstacles: [1]), at: 15) == nil)
        #expect(try await reason(status(pending: 3, obstacles: [1]), at: 16) == nil)
        #expect(try await reason(status(pending: 3, obstacles: [1]), at: 21, failed: true) == nil, "it is going to be tried again")
        #expect(try await reason(status(pending: 3, obstacles: [1]), at: 22) == nil)
        #expect(try await reason(status(pending: 3, obstacles: [1]), at: 27) != nil)
        var paused = status(pending: 3, obstacles: [3])
        paused.isPaused = true
        #expect(try await reason(paused, at: 28) == nil)
    }
}
