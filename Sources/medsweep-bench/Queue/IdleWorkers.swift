import Foundation

/// What workers that wait for work cost a coordinator.
struct IdleWorkers: Codable {
    var workers: Int
    /// Bytes resident in the coordinator before the first worker, and with all of them.
    var memoryBefore: Int
    var memoryWith: Int
    /// Seconds of idling and the coordinator's processor seconds in them: with nobody there, and with all workers.
    var seconds: Double
    var processorSecondsBefore: Double
    var processorSecondsWith: Double

    /// Opens the connections, lets each ask for a job that does not come, and watches.
    static func measure(_ bench: QueueBench, workers: Int, seconds: Double) throws -> IdleWorkers {
        let queue = try QueueUnderTest(bench, jobs: 0)
        defer { queue.end() }
        // Whatever a coordinator does on its first request is not the workers' cost.
        let first = try LoadConnection(port: queue.server.port)
        try first.exchange(bench.requests.lease(worker: 0, count: 1))
        sleep(1)
        func idle(_ seconds: Double) throws -> Double {
            let before = try queue.server.status().processorSeconds
            usleep(UInt32(seconds * 1e6))
            return try queue.server.status().processorSeconds - before
        }
        let memoryBefore = try queue.server.status().memory
        let processorBefore = try idle(seconds / 4) * 4
        let connections = try (1...workers).map { number in
            let connection = try LoadConnection(port: queue.server.port)
            try connection.send(bench.requests.lease(worker: number, count: 1, wait: 60))
            return connection
        }
        // All have been read and wait.
        sleep(2)
        let processorWith = try idle(seconds)
        return try withExtendedLifetime(connections) {
            IdleWorkers(
                workers: workers, memoryBefore: memoryBefore, memoryWith: try queue.server.status().memory,
                seconds: seconds, processorSecondsBefore: processorBefore, processorSecondsWith: processorWith)
        }
    }
}
