import AnomalyDetection
import Catalogue
import Foundation
import Host
import Logging
import Sweep
import Testing
import Wire

@testable import Worker

/// The training process as its worker sees it, with shell scripts in its place.
@Suite struct TrainingProcessTests {
    private func request() -> TrainingRequest {
        TrainingRequest(
            job: JobDescription(method: "ae", configuration: [:], dataset: "d", fingerprint: "f", seed: 0),
            dataFolder: URL(filePath: "/d"), cacheDirectory: URL(filePath: "/c"), workDirectory: URL(filePath: "/w"))
    }

    private func end(of script: String) async throws -> (end: TrainingEnd, messages: Int) {
        let process = try TrainingProcess(
            executable: URL(filePath: "/bin/sh"), arguments: ["-c", script], request: request())
        var (last, count) = (ChildMessage?.none, 0)
        for await message in process.messages {
            count += 1
            if case .event = message { continue }
            last = message
        }
        return (await process.end(last: last), count)
    }

    private func line(_ message: ChildMessage) throws -> String {
        String(decoding: try JSONEncoder().encode(message), as: UTF8.self)
    }

    private func failure(_ end: TrainingEnd) throws -> (error: String, logTail: String, signal: Int32?) {
        guard case .failed(let error, _, let logTail, let signal) = end else { throw TrainingError("it did not fail: \(end)") }
        return (error, logTail, signal)
    }

    @Test func outcomesComeThroughStrayOutput() async throws {
        let result = TrainingResult(metrics: ["auc": 0.5], losses: [1], artefacts: [:], trainingSeconds: 2)
        let progress = try line(.event(.progress(JobProgress(stage: "training", unit: "images", done: 1, total: 2, work: 1, share: 0.5, epoch: 1, epochs: 2, loss: 0.5, speed: 9))))
        let outcome = try line(.outcome(.finished(result), peakMemory: 7))
        let (end, messages) = try await end(of: "echo garbage; echo '\(progress)'; echo '{\"x\":1}'; echo '\(outcome)'")
        guard case .finished(let given, 7) = end else { throw TrainingError("\(end)") }
        #expect(given.metrics == ["auc": 0.5] && messages == 2)
    }

    @Test func errorsAreSentences() async throws {
        let error = try line(.error("the PNG image x.png is damaged", kind: .error))
        let failed = try failure(try await end(of: "echo '\(error)'; echo trace >&2; exit 1").end)
        #expect(failed.error == "the PNG image x.png is damaged" && failed.logTail == "trace\n" && failed.signal == nil)
    }

    @Test(arguments: [("SEGV", 11), ("KILL", 9), ("BUS", 7)] as [(String, Int32)])
    func signalsAreNamed(_ name: String, _ number: Int32) async throws {
        let failed = try failure(try await end(of: "kill -\(name) $$").end)
        #expect(failed.signal == number && failed.error.contains("signal \(number)"), "\(failed)")
    }

    /// A process that is killed while the kernel counts one killed for lack of memory was that one; another signal is another matter.
    @Test(arguments: [("KILL", 1, FailureKind.outOfMemory), ("KILL", 0, .crash), ("SEGV", 1, .crash)])
    func lackOfMemoryIsNamed(_ signal: String, _ kills: Int, _ kind: FailureKind) async throws {
        let counter = URL.temporaryDirectory.appending(path: "medsweep-kills-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: counter) }
        try Data("4".utf8).write(to: counter)
        let process = try TrainingProcess(
            executable: URL(filePath: "/bin/sh"), arguments: ["-c", "printf \(4 + kills) > '\(counter.path)'; kill -\(signal) $$"],
            request: request(), memoryKills: { (try? String(contentsOf: counter, encoding: .utf8)).flatMap { Int($0) } ?? 0 })
        for await _ in process.messages {}
        guard case .failed(let error, let told, _, _) = await process.end(last: nil) else { throw TrainingError("it did not fail") }
        #expect(told == kind && error.contains("requires: {memory: …}") == (kind == .outOfMemory), "\(error)")
    }

    @Test func endingWithoutAResultIsAFailure() async throws {
        #expect(try failure(try await end(of: "exit 0").end).error.contains("without a result"))
        #expect(try failure(try await end(of: "exit 3").end).error.contains("status 3"))
        // A result does not count if the process then fails.
        let outcome = try line(.outcome(.stopped(work: 1), peakMemory: 1))
        #expect(try failure(try await end(of: "echo '\(outcome)'; exit 9").end).error.contains("status 9"))
    }

    @Test func onlyTheEndOfTheLogIsKept() async throws {
        let failed = try failure(try await end(of: "yes noise | head -n 200000 >&2; echo last words >&2; exit 1").end)
        #expect(failed.logTail.utf8.count <= 16 << 10 && failed.logTail.hasSuffix("last words\n"))
    }

    @Test func messagesComeWhileItRuns() async throws {
        let progress = try line(.event(.progress(JobProgress(stage: "training", unit: "images", done: 1, total: 2, work: 1, share: 0.5, epoch: 1, epochs: 2, loss: 0.5, speed: 9))))
        let process = try TrainingProcess(
            executable: URL(filePath: "/bin/sh"), arguments: ["-c", "read request; echo '\(progress)'; read line; test \"$line\" = leave && exit 5"],
            request: request())
        for await _ in process.messages { break }
        process.stop()
        #expect(try failure(await process.end(last: nil)).error.contains("status 5"))
    }

    @Test func theRequestReachesIt() async throws {
        // The script gives back the line that it was given.
        let failed = try failure(try await end(of: "read line; echo \"$line\" >&2; exit 1").end)
        let given = try JSONDecoder().decode(TrainingRequest.self, from: Data(failed.logTail.utf8))
        #expect(given.job == request().job)
    }

    @Test func absentProgramsAreNamed() {
        let error = #expect(throws: WorkerError.self) {
            try TrainingProcess(executable: URL(filePath: "/no/such"), arguments: [], request: request())
        }
        #expect(error?.description.contains("/no/such") == true)
    }
}

@Suite struct WorkerDaemonTests {
    @Test func aWorkerWithoutDataIsRefused() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-worker-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appending(path: "broken"), withIntermediateDirectories: true)
        try Data("{".utf8).write(to: folder.appending(path: "broken/data.json"))
        let configuration = WorkerConfiguration(
            coordinator: URL(string: "http://127.0.0.1:9")!, dataFolders: [folder], cacheDirectory: folder.appending(path: "cache"))
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let error = #expect(throws: WorkerError.self) { try WorkerDaemon(configuration, logger: logger) }
        #expect(error?.kind == .noData && error?.description.contains(folder.path) == true)
    }
}

@Suite struct TrainingEnvironmentTests {
    private let folder = URL.temporaryDirectory.appending(path: "medsweep-mps-\(UUID().uuidString)")

    @Test func threadsAndKernelsAreSet() {
        let environment = TrainingEnvironment(kernels: ["ATEN_CPU_CAPABILITY": "avx2"], own: ["PATH": "/bin", "OMP_NUM_THREADS": "64"], pipes: folder.path)
        let variables = environment.variables(threads: 3)
        #expect(variables["OMP_NUM_THREADS"] == "3" && variables["MKL_NUM_THREADS"] == "3" && variables["ATEN_CPU_CAPABILITY"] == "avx2")
        #expect(variables["PATH"] == "/bin" && variables["CUDA_MPS_PIPE_DIRECTORY"] == nil && !environment.hasMPS)
    }

    @Test func theMultiProcessServiceIsPassedOn() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let named = TrainingEnvironment(own: ["CUDA_MPS_PIPE_DIRECTORY": "/run/mps"], pipes: folder.path)
        #expect(named.hasMPS && named.variables(threads: 1)["CUDA_MPS_PIPE_DIRECTORY"] == "/run/mps")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        #expect(TrainingEnvironment(own: [:], pipes: folder.path).variables(threads: 1)["CUDA_MPS_PIPE_DIRECTORY"] == folder.path)
    }
}

@Suite struct ResourceTests {
    private func configuration(threads: Int? = nil, memory: Int64? = nil, gpuMemory: Int64? = nil, isNoOp: Bool = false) -> WorkerConfiguration {
        WorkerConfiguration(
            coordinator: URL(string: "http://127.0.0.1:9")!, dataFolders: [], threads: threads, memory: memory, gpuMemory: gpuMemory, isNoOp: isNoOp)
    }

    private let limits = HostLimits(root: URL(filePath: "/absent"), environment: ["SLURM_CPUS_PER_TASK": "3"], processors: 8, physicalMemory: 1000)
    private let gpus = [EngineReport.GPU(number: 0, name: "g", memory: 2000), EngineReport.GPU(number: 3, name: "g", memory: 1000)]

    @Test func whatTheMachineAllowsIsOffered() {
        #expect(configuration().resources([], limits: limits) == WorkerResources(threads: 3, memory: 900))
        #expect(configuration().resources(gpus, limits: limits).gpus == [1900, 950])
        let told = configuration(threads: 16, memory: 5000, gpuMemory: 70)
        #expect(told.resources(gpus, limits: limits) == WorkerResources(threads: 16, memory: 5000, gpus: [70, 70]))
        #expect(configuration(isNoOp: true).resources([], limits: limits).threads >= 1024)
    }
}

/// What a worker computes with, with made-up GPUs.
@Suite struct EngineReportTests {
    private func report(
        _ devices: ComputeDevice..., kernels: ProcessorKernels = .default, gpus: [String] = [], cpu: String = "avx2+mkl"
    ) throws -> EngineReport {
        try EngineReport(devices, kernels: kernels, gpus: gpus.map { (name: $0, memory: 7) }) { name in
            guard name != "cpu" else { return .init(device: "cpu", libtorch: "2.13.0", kernels: cpu) }
            guard let number = Int(name.dropFirst(5)), gpus.indices.contains(number) else { throw TrainingError("there is no \(name)") }
            return .init(device: "cuda \(gpus[number])", libtorch: "2.13.0", kernels: "CUDA 13")
        }
    }

    @Test func automaticIsEveryGPUElseTheProcessor() throws {
        #expect(try report(.automatic).platform.device == "cpu")
        let two = try report(.automatic, gpus: ["H200", "H200"])
        #expect(two.platform.device == "cuda H200" && two.gpus.map(\.number) == [0, 1] && two.remarks.isEmpty)
        #expect(try report(.cpu, gpus: ["H200"]).gpus.isEmpty)
        #expect(try report(.cuda(1), gpus: ["H200", "T4"]).gpus == [.init(number: 1, name: "T4", memory: 7)])
    }

    /// A worker has one engine class.
    @Test func gpusOfOneKindGoTogether() throws {
        let mixed = try report(.automatic, gpus: ["H200", "T4", "H200"])
        #expect(mixed.gpus.map(\.number) == [0, 2] && mixed.remarks.count == 1 && mixed.remarks[0].contains("--device cuda:1"))
        let error = #expect(throws: HostError.self) { try report(.cuda(0), .cuda(1), gpus: ["H200", "T4"]) }
        #expect(error?.description.contains("--device cuda:1") == true)
    }

    @Test func whatIsNotThereIsRefused() throws {
        #expect(throws: TrainingError.self) { try report(.cuda(0)) }
        #expect(try report(.cpu, kernels: .avx2).platform.kernels == "avx2+mkl")
        let error = #expect(throws: HostError.self) { try report(.automatic, kernels: .avx512) }
        #expect(error?.description.contains("--kernels") == true)
    }

    @Test func programsThatDoNotAnswerAreNamed() throws {
        let script = URL.temporaryDirectory.appending(path: "medsweep-engine-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: script) }
        func ask(_ text: String) throws -> EngineReport {
            try Data("#!/bin/sh\n\(text)\n".utf8).write(to: script)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
            return try EngineReport.ask(script, devices: [.cuda(1)], kernels: .avx2)
        }
        let answer = EngineReport(platform: .init(device: "cpu", libtorch: "1", kernels: "k"))
        let json = String(decoding: try JSONEncoder().encode(EngineReport.Answer.report(answer)), as: UTF8.self)
        #expect(try ask("test \"$*\" = 'describe-engine avx2 cuda:1' && echo '\(json)'") == answer)
        #expect(#expect(throws: HostError.self) { try ask("kill -ILL $$") }?.description.contains("signal 4") == true)
        #expect(#expect(throws: HostError.self) { try ask(#"echo '{"problem":{"_0":"no GPU"}}'"#) }?.description == "no GPU")
    }
}
