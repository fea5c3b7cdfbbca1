import Glibc

/// Leases jobs and posts their results over many connections from one thread, as fast as the coordinator answers. Each
/// connection is a worker of its own with one request under way.
final class LoadGenerator {
    private let requests: PreparedRequests
    /// What the kernel is asked about each lane, in their order.
    private var watched: [pollfd]
    private var lanes: [Lane]
    private var scratch: [UInt8] = []

    /// One connection and what it has been given to do.
    private struct Lane {
        let connection: LoadConnection
        let lease: [UInt8]
        var jobs: [LeasedJobs.Job] = []
        var isLeasing = false
    }

    /// - Parameter batch: jobs that each connection asks for at once.
    init(port: UInt16, connections: Int, batch: Int, requests: PreparedRequests) throws {
        self.requests = requests
        lanes = try (0..<connections).map { number in
            Lane(connection: try LoadConnection(port: port), lease: try requests.lease(worker: number, count: batch))
        }
        for lane in lanes { lane.connection.stopBlocking() }
        watched = []
    }

    /// Goes on for `seconds`, or until no job is left, and delivers what has been leased.
    func run(seconds: Double) throws -> LoadResult {
        var leases = Latencies()
        var results = Latencies()
        var pairs = 0
        var busy = lanes.count
        var isDry = false
        let start = MonotonicClock.nanoseconds
        let end = start + UInt64(seconds * 1e9)
        watched = lanes.map { pollfd(fd: $0.connection.descriptor, events: Int16(POLLIN), revents: 0) }
        for number in lanes.indices { try ask(number) }
        while busy > 0 {
            let count = poll(&watched, nfds_t(watched.count), 30_000)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BenchError("the coordinator has answered nothing for 30 seconds") }
            for number in lanes.indices where watched[number].revents != 0 {
                let connection = lanes[number].connection
                guard try connection.receive() else { continue }
                let now = MonotonicClock.nanoseconds
                if lanes[number].isLeasing {
                    leases.add(nanoseconds: now - connection.asked)
                    try LeasedJobs.read(from: connection, into: &lanes[number].jobs)
                    if lanes[number].jobs.isEmpty {
                        isDry = true
                        busy -= 1
                        watched[number].fd = -1
                        continue
                    }
                } else {
                    results.add(nanoseconds: now - connection.asked)
                    pairs += 1
                }
                if let job = lanes[number].jobs.popLast() {
                    lanes[number].isLeasing = false
                    requests.result(of: job, into: &scratch)
                    try connection.send(scratch)
                } else if now < end {
                    try ask(number)
                } else {
                    busy -= 1
                    // Passed over from now on.
                    watched[number].fd = -1
                }
            }
        }
        return LoadResult(
            pairs: pairs, seconds: Double(MonotonicClock.nanoseconds - start) / 1e9, lease: leases.summary,
            result: results.summary, isDry: isDry)
    }

    private func ask(_ number: Int) throws {
        lanes[number].isLeasing = true
        try lanes[number].connection.send(lanes[number].lease)
    }
}
