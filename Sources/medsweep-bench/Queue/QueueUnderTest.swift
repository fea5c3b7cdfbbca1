import Foundation
import Sweep
import Wire

/// A coordinator with a grid of no-op jobs in its queue.
final class QueueUnderTest {
    let server: ServerProcess
    private let bench: QueueBench
    private let folder: URL
    private let control: LoadConnection

    init(_ bench: QueueBench, name: String) throws {
        self.bench = bench
        folder = bench.folder.sub("\(name)-\(UUID().uuidString.prefix(8))")
        server = try ServerProcess(programs: bench.programs, folder: folder, store: bench.emptyStore())
        control = try LoadConnection(port: server.port)
    }

    /// Stops the coordinator and removes what it wrote, so that a run of many does not fill the disk.
    func end() {
        server.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Submits a grid with the command that people use.
    func submit(jobs: Int) throws -> SubmitResult {
        let file = try bench.sweep.file(jobs: jobs)
        let start = MonotonicClock.seconds
        let usage = try ChildProcess(
            bench.programs.coordinator,
            ["submit", file.path, "--coordinator", server.address, "--data", bench.sweep.dataFolder.path],
            output: folder.appending(path: "submit")
        ).wait()
        let answered = MonotonicClock.seconds - start
        // A coordinator may answer before it has made all jobs of a large grid.
        while try isExpanding(NoOpSweep.name(jobs: jobs)) { usleep(50_000) }
        return SubmitResult(
            jobs: jobs, answered: answered, queued: MonotonicClock.seconds - start, clientPeakMemory: usage.peakMemory)
    }

    private func isExpanding(_ sweep: String) throws -> Bool {
        try control.exchange(PreparedRequests.get(Routes.sweep(sweep)))
        return control.answer.find("\"isExpanding\":true", from: control.bodyStart) != nil
    }

    /// The median seconds of three fetches of a page of the jobs.
    func page(of jobs: Int, after position: Int) throws -> Double {
        let request = PreparedRequests.get(
            Routes.jobs(sweep: NoOpSweep.name(jobs: jobs)) + "?after=\(position)&limit=\(QueueUnderTest.pageSize)")
        return try (0..<3).map { _ in try control.exchange(request) }.sorted()[1]
    }

    /// Jobs on a page.
    static let pageSize = 500

    /// Runs the load, after a little to warm up, and returns what it came to and what it took of the processors.
    func load(connections: Int, batch: Int, seconds: Double) throws -> QueueRate {
        let generator = try LoadGenerator(
            port: server.port, connections: connections, batch: batch, requests: bench.requests)
        _ = try generator.run(seconds: 0.3)
        let (serverBefore, oursBefore) = (try server.status().processorSeconds, ProcessUsage.ours.processorSeconds)
        let load = try generator.run(seconds: seconds)
        return QueueRate(
            connections: connections, batch: batch, load: load,
            serverSecondsPerPair: (try server.status().processorSeconds - serverBefore) / Double(max(1, load.pairs)),
            generatorSecondsPerPair: (ProcessUsage.ours.processorSeconds - oursBefore) / Double(max(1, load.pairs)))
    }
}
