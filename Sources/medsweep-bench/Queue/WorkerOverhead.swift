import Foundation

/// What a real worker takes for a job beside training it.
struct WorkerOverhead: Codable {
    var slots: Int
    var jobs: Int
    /// Seconds for all jobs, and the worker's processor seconds in them, without its start and its end.
    var seconds: Double
    var processorSeconds: Double
    var secondsPerJob: Double { seconds / Double(jobs) }
    var processorSecondsPerJob: Double { processorSeconds / Double(jobs) }

    /// Runs a worker that trains nothing on an empty queue, then on a full one; the difference is the jobs'.
    static func measure(_ bench: QueueBench, slots: Int, jobs: Int) throws -> WorkerOverhead {
        let queue = try QueueUnderTest(bench, jobs: jobs)
        defer { queue.end() }
        let folder = bench.folder.sub("worker-cache")
        func work() throws -> (seconds: Double, processorSeconds: Double) {
            let start = MonotonicClock.seconds
            let usage = try ChildProcess(
                bench.programs.worker,
                [
                    "--coordinator", queue.server.address, "--data", bench.sweeps.dataFolder.path, "--jobs", String(slots), "--no-op",
                    "--cache", folder.path, "--exit-when-idle", "0.1", "--log-level", "error",
                ], output: bench.folder.sub("worker")
            ).wait()
            return (MonotonicClock.seconds - start, usage.processorSeconds)
        }
        // The first of all fills the caches.
        _ = try work()
        let idle = try work()
        _ = try queue.submit()
        let busy = try work()
        return WorkerOverhead(
            slots: slots, jobs: jobs, seconds: busy.seconds - idle.seconds,
            processorSeconds: busy.processorSeconds - idle.processorSeconds)
    }
}
