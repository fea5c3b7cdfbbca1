import Foundation
import Imaging
import TestSupport
import Testing
import Wire

/// What workers offer and jobs ask for, with real processes.
@Suite(.serialized) struct ResourceProgramTests {
    private static let sweep = """
        sweep: tiny
        fixed: {epochs: 1, batch_size: 8, input_size: 32, hidden_size: 16, latent_size: 4}
        matrix: {method: ae, dataset: discs, seed: "range(0, 2)"}

        """

    static let hasGPU = FileManager.default.fileExists(atPath: "/dev/nvidiactl")

    /// One sentence and EX_UNAVAILABLE, and nothing is begun.
    @Test(.enabled(if: !hasGPU, "there is a GPU")) func absentDevicesAreRefused() async throws {
        let place = try Workplace()
        let file = try place.write(Self.sweep, to: "tiny.yaml")
        let worker = try await Programs.run(
            "medsweep-worker", ["--coordinator", "http://127.0.0.1:9", "--data", place.data.path, "--device", "cuda:0"], in: place.folder)
        let run = try await Programs.run("medsweep", ["run", file, "--data", place.data.path, "--device", "cuda:0"], in: place.folder)
        for outcome in [worker, run] {
            #expect(outcome.status == 69 && outcome.output.isEmpty, "\(outcome.errors)")
            #expect(outcome.errors.split(whereSeparator: \.isNewline).count == 1 && outcome.errors.contains("cuda:0"), "\(outcome.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: place.folder.appending(path: "medsweep-state").path))
    }

    /// What nobody has is said at once, and ends a run whose only workers do not have it.
    @Test(arguments: [("memory: 500TiB", "500 TiB of memory"), ("threads: 1000", "1000 threads")])
    func runsThatCannotEndSayWhy(_ requires: String, _ need: String) async throws {
        let place = try Workplace()
        let file = try place.write(Self.sweep + "requires: {\(requires)}\n", to: "tiny.yaml")
        let run = try await Programs.run("medsweep", ["run", file, "--data", place.data.path, "--threads", "1"], in: place.folder)
        #expect(run.status == 69, "\(run.errors)")
        let last = run.errors.split(whereSeparator: \.isNewline).last ?? ""
        #expect(last.hasPrefix("medsweep: 2 jobs of 'tiny' cannot run on this machine: \(need)"), "\(run.errors)")
        // What was done before is not lost, and without the need it goes on.
        let less = try await Programs.run(
            "medsweep", ["run", try place.write(Self.sweep, to: "tiny.yaml"), "--data", place.data.path], in: place.folder)
        #expect(less.status == 0, "\(less.errors)")
    }

    @Test func statusSaysWhatNoWorkerHas() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        _ = try scenario.worker("small", at: coordinator.address, ["--memory", "2GiB"])
        try await scenario.submit(to: coordinator, source: Scenario.sweep + "\nrequires: {memory: 64GiB}\n")
        try await eventually("the status says what is missing") {
            let status = try await Programs.run("medsweep", ["status", "chaos", "--coordinator", coordinator.address], in: scenario.place.folder)
            return status.output.contains("\n  waiting  4 jobs: 64 GiB of memory") && status.output.contains("2 GiB")
        }
    }

    /// What a worker says of itself to a coordinator.
    private func described(_ worker: String, at coordinator: ServedCoordinator) async throws -> WorkerDescription {
        try await eventually("\(worker) asks for work") {
            let list: WorkerList = try await coordinator.get(Routes.workers)
            return list.workers.first { $0.description.name == worker }?.description
        }
    }

    /// Threads follow the affinity mask and Slurm, unless the command line says otherwise.
    @Test func limitsAreHeeded() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        let mask = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
            .first { $0.hasPrefix("Cpus_allowed_list:") }
        let processor = try #require(mask?.firstMatch(of: /[0-9]+/)?.0)
        let program = Programs.folder.appending(path: "medsweep-worker").path
        _ = try scenario.program("/usr/bin/taskset", ["-c", String(processor), program] + scenario.workerArguments("bound", at: coordinator.address))
        #expect(try await described("bound", at: coordinator).resources.threads == 1)
        _ = try scenario.program(
            "/usr/bin/env", ["SLURM_CPUS_PER_TASK=1", program] + scenario.workerArguments("slurm", at: coordinator.address))
        let slurm = try await described("slurm", at: coordinator)
        #expect(slurm.resources.threads == 1)
        #expect(slurm.resources.memory > 0 && slurm.resources.memory <= Int64(ProcessInfo.processInfo.physicalMemory) / 10 * 9)
        _ = try scenario.program(
            "/usr/bin/env",
            ["SLURM_CPUS_PER_TASK=1", program] + scenario.workerArguments("told", at: coordinator.address)
                + ["--threads", "3", "--memory", "5GiB"])
        let told = try await described("told", at: coordinator)
        #expect(told.resources.threads == 3 && told.resources.memory == 5 << 30 && told.platform.device == "cpu")
    }

    /// As many jobs at once as fit, and what one leaves is offered again while a question still waits.
    @Test func jobsRunSideBySideAsFarAsTheyFit() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 30)
        // Short ones: on few cores so many threads wait for each other most of the time.
        let source = Scenario.sweep.replacing("epochs: 60", with: "epochs: 8")
        try await scenario.submit(to: coordinator, source: source + "\nrequires: {threads: 2}\n")
        let arguments = Array(scenario.workerArguments("wide", at: coordinator.address).filter { $0 != "--jobs" && $0 != "1" })
        _ = try scenario.program("medsweep-worker", arguments + ["--threads", "5", "--memory", "64GiB"])
        try await eventually("two jobs run on five threads") {
            let status: SweepStatus = try await coordinator.get(Routes.sweep(Scenario.name))
            #expect(status.running.count <= 2)
            return status.running.count == 2
        }
        try await eventually("all are done") {
            let status: SweepStatus = try await coordinator.get(Routes.sweep(Scenario.name))
            #expect(status.running.count <= 2)
            return status.isFinished
        }
        let jobs = try await coordinator.allJobs(of: Scenario.name)
        #expect(jobs.allSatisfy { $0.result?.engine.threads == 2 })
        for job in jobs { #expect(try await coordinator.detail(job.identity).attempts.map(\.outcome) == ["done"]) }
    }

    /// One's own images are taken for what they are, and the plan says so.
    @Test func ownColorsAreTold() async throws {
        let place = try Workplace()
        for number in 0..<6 {
            for part in ["train/good", "test/good", "test/spot"] {
                let pixels = (0..<32 * 32 * 3).map { UInt8(($0 * (number + 3) + part.count * 31) % 256) }
                let file = place.data.appending(path: "carpet/\(part)/\(number).png")
                try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try ImageCodec.writePNG(Image(width: 32, height: 32, channels: 3, pixels: pixels), to: file)
            }
        }
        let file = try place.write(Self.sweep.replacing("discs", with: "[discs, carpet]"), to: "tiny.yaml")
        let plan = try await Programs.run("medsweep", ["plan", file, "--data", place.data.path], in: place.folder)
        #expect(plan.output.contains("\n  carpet: images are rgb: color=rgb unless the sweep says otherwise"), "\(plan.output)\(plan.errors)")
        #expect(plan.output.contains("\n  discs: images are grey: color=grey unless the sweep says otherwise"))
        let jobs = try await Programs.run("medsweep", ["plan", file, "--data", place.data.path, "--jobs"], in: place.folder)
        let lines = jobs.output.split(separator: "\n")
        #expect(lines.count == 4 && lines.allSatisfy { $0.contains("color=\($0.contains("  carpet  ") ? "rgb" : "grey") ") }, "\(jobs.output)")
    }
}
