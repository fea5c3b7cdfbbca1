import Catalogue
import Foundation
import Sweep
import Testing
import Wire

@testable import Report

/// What other tools are handed.
@Suite struct ExportTests {
    private func row(_ seed: Int, _ state: JobState = .done) -> JobRow {
        let job = JobDescription(
            method: "ae", configuration: Catalogue.method("ae")!.resolve(["epochs": 3], for: .custom("my set")), dataset: "my set",
            fingerprint: "f", seed: seed)
        let result = JobResult(
            metrics: ["auc": 0.75, "ap": 0.5], losses: [0.5, 0.25, 0.125], artefacts: [], trainingSeconds: 30, wallSeconds: 40,
            peakMemory: 1, worker: "w", host: "h", engine: SampleReport.engine("\"k\""), notes: ["remarkable"])
        return JobRow(
            position: seed, identity: job.identity, job: job, state: state, failedAttempts: 0, result: state == .done ? result : nil)
    }

    private var export: SweepExport {
        let jobs = [row(0), row(1), row(2, .quarantined), row(3, .pending)]
        let times = Dictionary(uniqueKeysWithValues: jobs.prefix(3).map { ($0.identity, RunTimes(started: 1_700_000_000.5, ended: 1_700_000_040.5)) })
        return SweepExport(
            status: SweepStatus(
                name: "s: \"x\"", submitted: 1_600_000_000, jobs: [:], total: 4, progress: 0, remaining: nil, running: [], failing: [],
                policy: SweepPolicy()),
            jobs: jobs, times: times)
    }

    private func files(_ format: ExportFormat) throws -> [String: Data] {
        var all: [String: Data] = [:]
        try export.write(format, place: URL(filePath: "/tmp/place", directoryHint: .isDirectory)) { files in
            for file in files { #expect(all.updateValue(file.data, forKey: file.path) == nil) }
        }
        return all
    }

    /// The check value that every catalogue of such checks gives, and RFC 3720's example of 32 zeros.
    @Test func checksums() {
        #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.masked([UInt8]()) == 0xA282_EAD8)
    }

    /// Numbers as the language guide of Protocol Buffers writes them.
    @Test func messages() {
        var message = ProtobufMessage()
        message.add(1, 150 as Int64)
        message.add(2, "testing")
        #expect(message.bytes == [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8))
        var negative = ProtobufMessage()
        negative.add(1, -1 as Int64)
        #expect(negative.bytes == [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x01])
    }

    /// The first record of a file that TensorBoard's own writer makes at the time 0.
    @Test func eventFilesBeginWithTheirVersion() {
        var event = ProtobufMessage()
        event.add(1, 0.0)
        event.add(3, "brain.Event:2")
        let record = TensorBoardEvents.record(event.bytes)
        #expect(record.prefix(8).elementsEqual([24, 0, 0, 0, 0, 0, 0, 0]))
        #expect(record.count == 8 + 4 + 24 + 4)
        #expect(record.prefix(12).suffix(4).elementsEqual([0xA3, 0x7F, 0x4B, 0x22]))
    }

    @Test func runsHaveTheirFiles() throws {
        let boards = try files(.tensorboard)
        #expect(boards.count == 4)
        #expect(boards.keys.allSatisfy { $0.hasPrefix("ae-my_set-seed") && $0.contains("/events.out.tfevents.1") })
        let runs = try files(.mlflow)
        #expect(runs.keys.filter { $0.hasSuffix("/metrics/loss") }.count == 2)
        let loss = try #require(runs.first { $0.key.hasSuffix("/metrics/loss") })
        // Three epochs in the last thirty seconds.
        #expect(String(decoding: loss.value, as: UTF8.self) == "1700000020500 0.5 1\n1700000030500 0.25 2\n1700000040500 0.125 3\n")
        #expect(runs.keys.filter { $0.hasSuffix("/metrics/") }.count == 4)
        let states = runs.filter { $0.key.hasSuffix("meta.yaml") }.flatMap { String(decoding: $0.value, as: UTF8.self).split(separator: "\n") }
            .filter { $0.hasPrefix("status") }.sorted()
        #expect(states == ["status: 2", "status: 3", "status: 3", "status: 4"])
    }

    @Test func theTableHasARowARun() throws {
        let text = String(decoding: try #require(try files(.wandbCSV)["wandb_export.csv"]), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 5 && lines[0].hasPrefix("\"Name\",\"State\",\"Notes\",\"User\",\"Tags\",\"Created\",\"Runtime\",\"Sweep\","))
        #expect(lines[1].contains(",\"finished\",\"remarkable\",\"medsweep\",\"\",\"2023-11-14T22:13:20.500Z\",\"40\",\"s: \"\"x\"\"\","))
        #expect(lines[1].hasSuffix("\"3\",\"0.125\",\"0.5\",\"0.75\""))
        #expect(lines[3].contains("\"failed\"") && lines[4].contains("\"pending\""))
    }

    /// A Python that has both tools: `MEDSWEEP_TRACKERS_PYTHON`, or the system's.
    static let python: String? = {
        let name = ProcessInfo.processInfo.environment["MEDSWEEP_TRACKERS_PYTHON"] ?? "/usr/bin/python3"
        return (try? run(name, ["-c", "import tensorboard, mlflow"]))?.status == 0 ? name : nil
    }()

    private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.standardError
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    @Test(.enabled(if: python != nil, "needs a Python with tensorboard and mlflow, named by MEDSWEEP_TRACKERS_PYTHON"))
    func theToolsThemselvesReadThem() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-export-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        for format in [ExportFormat.tensorboard, .mlflow] {
            let place = folder.appending(path: format.rawValue, directoryHint: .isDirectory)
            try export.write(format, place: place) { files in
                for file in files {
                    let url = place.appending(path: file.path)
                    let parent = url.hasDirectoryPath ? url : url.deletingLastPathComponent()
                    try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
                    if !url.hasDirectoryPath { try file.data.write(to: url) }
                }
            }
        }
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "check_export.py").path
        let answer = try Self.run(
            #require(Self.python), [script, folder.appending(path: "tensorboard").path, folder.appending(path: "mlflow").path])
        #expect(answer.status == 0)
        let read = try #require(try JSONSerialization.jsonObject(with: answer.output) as? [String: [String: [String: Any]]])
        let name = "ae-my_set-seed0-\(row(0).identity.prefix(8))"
        let board = try #require(read["tensorboard"]?[name]), run = try #require(read["mlflow"]?[name])
        #expect(board["loss"] as? [[Double]] == [[1, 0.5], [2, 0.25], [3, 0.125]])
        #expect(board["metrics/auc"] as? [[Double]] == [[3, 0.75]])
        let settings = try #require(board["hparams"] as? [String: Any])
        #expect(settings.count == 4 + row(0).job.configuration.count)
        #expect(settings["epochs"] as? Double == 3 && settings["dataset"] as? String == "my set" && board["outcome"] as? Int == 1)
        #expect(run["experiment"] as? String == "s: \"x\"" && run["status"] as? String == "FINISHED")
        #expect(run["losses"] as? [[Double]] == [[1, 0.5], [2, 0.25], [3, 0.125]])
        #expect((run["metrics"] as? [String: Double])?["auc"] == 0.75)
        #expect((run["params"] as? [String: String])?["epochs"] == "3")
        #expect(run["artefacts"] as? [String] == ["job.json"])
        #expect(read["mlflow"]?.count == 4 && read["tensorboard"]?.count == 4)
    }
}
