import AnomalyDetection
import Catalogue
import Foundation
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
            executable: URL(filePath: "/bin/sh"), arguments: ["-c", script], request: request(), threads: 1)
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
        let progress = try line(.event(.progress(epoch: 1, epochs: 2, loss: 0.5, imagesPerSecond: 9)))
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

    @Test func endingWithoutAResultIsAFailure() async throws {
        #expect(try failure(try await end(of: "exit 0").end).error.contains("without a result"))
        #expect(try failure(try await end(of: "exit 3").end).error.contains("status 3"))
        // A result does not count if the process then fails.
        let outcome = try line(.outcome(.stopped(epoch: 1), peakMemory: 1))
        #expect(try failure(try await end(of: "echo '\(outcome)'; exit 9").end).error.contains("status 9"))
    }

    @Test func onlyTheEndOfTheLogIsKept() async throws {
        let failed = try failure(try await end(of: "yes noise | head -n 200000 >&2; echo last words >&2; exit 1").end)
        #expect(failed.logTail.utf8.count <= 16 << 10 && failed.logTail.hasSuffix("last words\n"))
    }

    @Test func messagesComeWhileItRuns() async throws {
        let progress = try line(.event(.progress(epoch: 1, epochs: 2, loss: 0.5, imagesPerSecond: 9)))
        let process = try TrainingProcess(
            executable: URL(filePath: "/bin/sh"), arguments: ["-c", "read request; echo '\(progress)'; read line; test \"$line\" = stop && exit 5"],
            request: request(), threads: 1)
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
            try TrainingProcess(executable: URL(filePath: "/no/such"), arguments: [], request: request(), threads: 1)
        }
        #expect(error?.description.contains("/no/such") == true)
    }
}

@Suite struct SpoolTests {
    private func place() -> URL { URL.temporaryDirectory.appending(path: "medsweep-spool-\(UUID().uuidString)") }

    private var entry: Spool.Entry {
        Spool.Entry(
            identity: String(repeating: "a", count: 64),
            request: ResultRequest(
                token: 3,
                result: JobResult(
                    metrics: ["auc": 0.25], losses: [], artefacts: [], trainingSeconds: 1, wallSeconds: 1, peakMemory: 1,
                    worker: "w", host: "h", device: "cpu", engine: "e")))
    }

    @Test func resultsWaitInWhole() throws {
        let folder = place()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "scores.json")
        let spool = try Spool(folder.appending(path: "spool"))
        try Data("scores".utf8).write(to: file)
        let waiting = try spool.add(entry, files: ["digest": file])
        #expect(!FileManager.default.fileExists(atPath: file.path))
        // Another worker on the same folder finds it.
        let again = try Spool(folder.appending(path: "spool"))
        #expect(again.waiting().map(\.lastPathComponent) == [waiting.lastPathComponent])
        #expect(again.read(waiting)?.request.result.metrics == ["auc": 0.25])
        #expect(try Data(contentsOf: waiting.appending(path: "digest")) == Data("scores".utf8))
        again.setAside(waiting)
        #expect(again.waiting().isEmpty)
    }

    @Test func nothingHalfWrittenIsLeft() throws {
        let folder = place()
        defer { try? FileManager.default.removeItem(at: folder) }
        let spool = try Spool(folder)
        #expect(throws: (any Error).self) { try spool.add(entry, files: ["digest": folder.appending(path: "absent")]) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
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
