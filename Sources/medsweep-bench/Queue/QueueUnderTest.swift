import Foundation
import Sweep
import Wire

/// A coordinator and a grid of no-op jobs for its queue.
final class QueueUnderTest {
    let server: ServerProcess
    private let sweep: NoOpSweep
    /// The sweep's name.
    var name: String { sweep.name }
    /// Results that the load has delivered.
    private var delivered = 0
    private let bench: QueueBench
    private let folder: URL

    init(_ bench: QueueBench, jobs: Int) throws {
        self.bench = bench
        sweep = try bench.sweeps.make(jobs: jobs)
        folder = bench.folder.sub(sweep.name + "-queue")
        server = try ServerProcess(programs: bench.programs, folder: folder, store: bench.emptyStore())
    }

    /// Stops the coordinator and removes what it wrote, so that a run of many does not fill the disk.
    func end() {
        server.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Submits the grid with the command that people use.
    func submit() throws -> SubmitResult {
        let start = MonotonicClock.seconds
        let usage = try ChildProcess(
            bench.programs.coordinator,
            ["submit", sweep.file.path, "--coordinator", server.address, "--data", bench.sweeps.dataFolder.path],
            output: folder.appending(path: "submit")
        ).wait(watchingMemory: true)
        let answered = MonotonicClock.seconds - start
        // A coordinator may answer before it has made all jobs of a large grid.
        while try status().isExpanding { usleep(50_000) }
        return SubmitResult(
            jobs: sweep.jobs, answered: answered, queued: MonotonicClock.seconds - start,
            clientPeakMemory: usage.peakMemory)
    }

    private func status() throws -> SweepStatus {
        // A fresh connection each time: the coordinator closes one that was idle during a long submit.
        let connection = try LoadConnection(port: server.port)
        try connection.exchange(PreparedRequests.get(Routes.sweep(sweep.name)))
        return try WireCoding.decode(from: Data(connection.body))
    }

    /// The median seconds of three fetches of a page of the jobs.
    func page(after position: Int) throws -> Double {
        let request = PreparedRequests.get(
            Routes.jobs(sweep: sweep.name) + "?after=\(position)&limit=\(QueueUnderTest.pageSize)")
        let connection = try LoadConnection(port: server.port)
        return try (0..<3).map { _ in try connection.exchange(request) }.sorted()[1]
    }

    /// Jobs on a page.
    static let pageSize = 500

    /// Runs the load, after a little to warm up, and returns what it came to and what it took of the processors.
    /// - Parameter pace: leases a second; `nil`: as many as there can be.
    func load(connections: Int, batch: Int, seconds: Double, pace: Double? = nil) throws -> QueueRate {
        let generator = try LoadGenerator(
            port: server.port, connections: connections, batch: batch, requests: bench.requests)
        delivered += try generator.run(seconds: 0.3, pace: pace).pairs
        let (serverBefore, oursBefore) = (try server.status().processorSeconds, ProcessUsage.ours.processorSeconds)
        let load = try generator.run(seconds: seconds, pace: pace)
        delivered += load.pairs
        let rate = QueueRate(
            connections: connections, batch: batch, load: load,
            serverSecondsPerPair: (try server.status().processorSeconds - serverBefore) / Double(max(1, load.pairs)),
            generatorSecondsPerPair: (ProcessUsage.ours.processorSeconds - oursBefore) / Double(max(1, load.pairs)))
        // A rate of answers is worth nothing if what they say has not happened.
        let done = try status().jobs[.done, default: 0]
        guard done == delivered else {
            throw BenchError("the coordinator acknowledged \(delivered) results but has \(done)")
        }
        return rate
    }
}
