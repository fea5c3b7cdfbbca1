import Foundation
import TestSupport
import Testing
import Wire

/// A process is only looked at from elsewhere.
private struct Unguarded: @unchecked Sendable {
    let value: Process
    init(_ value: Process) { self.value = value }
}

/// The programs' doors: leaving, and https.
@Suite(.serialized) struct DoorProgramTests {
    private let long = """
        sweep: long
        fixed: {epochs: 20000, batch_size: 4, input_size: 32, hidden_size: 16, latent_size: 4}
        checkpoint_every: 1h
        matrix: {method: ae, dataset: discs, seed: 7}
        """

    private func worker(_ place: Workplace, _ address: String, _ more: [String] = []) throws -> Program {
        try Program(
            "medsweep-worker",
            ["--coordinator", address, "--data", place.data.path, "--jobs", "1",
             "--spool", place.folder.appending(path: "spool").path] + more, in: place.folder)
    }

    private func running(_ place: Workplace, _ more: [String] = []) async throws -> (ServedCoordinator, Program) {
        let coordinator = try await ServedCoordinator(in: place.folder)
        let submitted = try await Programs.run(
            "medsweep", ["submit", try place.write(long, to: "long.yaml"), "--coordinator", coordinator.address, "--data", place.data.path],
            in: place.folder)
        #expect(submitted.status == 0, "\(submitted.errors)")
        let worker = try worker(place, coordinator.address, more)
        _ = try await coordinator.wait(for: "long") { ($0.running.first?.progress?.epoch ?? 0) >= 2 }
        return (coordinator, worker)
    }

    /// Waits for a program's end; the seconds that took, or `nil`.
    private func end(_ program: Program, within seconds: Double) async throws -> Double? {
        let process = Unguarded(program.process)
        return try await offPool {
            let start = Date()
            while process.value.isRunning {
                if Date().timeIntervalSince(start) > seconds { return nil }
                Thread.sleep(forTimeInterval: 0.02)
            }
            return Date().timeIntervalSince(start)
        }
    }

    @Test func aWorkerThatIsAskedToLeaveHandsItsJobBack() async throws {
        let place = try Workplace()
        let (coordinator, worker) = try await running(place)
        worker.process.terminate()
        _ = try #require(try await end(worker, within: 60), "\(worker.errors)")
        #expect(worker.process.terminationStatus == 75, "\(worker.errors)")
        let row = try #require(try await coordinator.jobs(of: "long").first)
        let detail: JobDetail = try await coordinator.get(Routes.job(row.identity))
        #expect(row.state == .pending && detail.record.failedAttempts == 0)
        #expect(detail.attempts.map(\.outcome) == ["released"])
        #expect((detail.record.checkpoint?.work ?? 0) >= 2 * 20)
        await coordinator.program.stop()
    }

    /// A crash is known to the coordinator within two seconds.
    @Test func crashesAreKnownAtOnce() async throws {
        let place = try Workplace()
        let (coordinator, worker) = try await running(place)
        // Whichever of its threads started it.
        let tasks = "/proc/\(worker.process.processIdentifier)/task"
        let all = try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap {
            try? String(contentsOfFile: "\(tasks)/\($0)/children", encoding: .utf8)
        }
        let child = try #require(all.joined(separator: " ").split(separator: " ").compactMap { Int32($0) }.first)
        let time = Date().timeIntervalSince1970
        #expect(kill(child, SIGSEGV) == 0)
        _ = try await coordinator.wait(for: "long") { $0.jobs[.leased, default: 0] == 0 || $0.jobs[.pending, default: 0] == 1 }
        let identity = try #require(try await coordinator.jobs(of: "long").first).identity
        let detail: JobDetail = try await coordinator.get(Routes.job(identity))
        let attempt = try #require(detail.attempts.first)
        #expect(attempt.outcome == "failed" && attempt.signal == Int(SIGSEGV))
        #expect(try #require(attempt.ended) - time < 2)
        await worker.stop()
        await coordinator.program.stop()
    }

    /// With the coordinator gone there is nobody to hand anything to: the worker tries for its grace time, and a second
    /// signal ends it at once, training included.
    @Test func leavingWithoutACoordinatorTakesNoLongerThanItsGrace() async throws {
        let place = try Workplace()
        let (coordinator, worker) = try await running(place, ["--grace", "3"])
        coordinator.program.kill()
        worker.process.terminate()
        #expect(try await end(worker, within: 15) != nil)
        #expect(worker.process.terminationStatus == 75 && worker.process.terminationReason == .exit, "\(worker.errors)")
    }

    @Test func aSecondSignalEndsAWorkerAtOnce() async throws {
        let place = try Workplace()
        let (coordinator, worker) = try await running(place)
        coordinator.program.kill()
        worker.process.interrupt()
        try await Task.sleep(for: .milliseconds(500))
        #expect(worker.process.isRunning)
        worker.process.interrupt()
        #expect(try #require(try await end(worker, within: 20)) < 1)
        #expect(worker.process.terminationStatus == 128 + SIGINT)
    }

    @Test func programsTalkOverHTTPS() async throws {
        let place = try Workplace()
        func openssl(_ arguments: [String]) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = arguments
            process.currentDirectoryURL = place.folder
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        try openssl([
            "req", "-x509", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem",
            "-out", "certificate.pem", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        ])
        let certificate = place.folder.appending(path: "certificate.pem").path
        let key = place.folder.appending(path: "key.pem").path
        #expect(try await Programs.run("medsweep", ["serve", "--tls-key", key], in: place.folder).status == 64)
        let mismatch = try await Programs.run("medsweep", ["serve", "--tls-certificate", certificate, "--tls-key", certificate], in: place.folder)
        #expect(mismatch.status == 78 && mismatch.errors.contains(certificate), "\(mismatch.errors)")

        let coordinator = try await ServedCoordinator(in: place.folder, options: ["--tls-certificate", certificate, "--tls-key", key])
        #expect(coordinator.address.hasPrefix("https://127.0.0.1:"))
        #expect(coordinator.program.errors.contains("listening on \(coordinator.address)"))
        let short = long.replacingOccurrences(of: "20000", with: "1")
        let trusting = ["--coordinator", coordinator.address, "--ca-file", certificate]
        let submitted = try await Programs.run(
            "medsweep", ["submit", try place.write(short, to: "short.yaml"), "--data", place.data.path] + trusting, in: place.folder)
        #expect(submitted.status == 0, "\(submitted.errors)")
        let worker = try worker(place, coordinator.address, ["--ca-file", certificate, "--exit-when-idle", "1"])
        _ = try #require(try await end(worker, within: 60), "\(worker.errors)")
        // The state folder's address leads there too.
        let status = try await Programs.run(
            "medsweep", ["status", "long", "--state", coordinator.state.path, "--ca-file", certificate], in: place.folder)
        #expect(status.status == 0 && status.output.contains("1/1 done"), "\(status.output) \(status.errors)")
        let stranger = try await Programs.run("medsweep", ["status", "long", "--coordinator", coordinator.address], in: place.folder)
        #expect(stranger.status == 69 && stranger.errors.contains("--ca-file") && stranger.errors.contains(coordinator.address), "\(stranger.errors)")
        let absent = try await Programs.run(
            "medsweep", ["status", "long", "--coordinator", coordinator.address, "--ca-file", "absent.pem"], in: place.folder)
        #expect(absent.status == 66 && absent.errors.contains("'absent.pem'"), "\(absent.errors)")
        await coordinator.program.stop()
    }
}
