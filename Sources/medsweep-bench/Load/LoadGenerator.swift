import Glibc

/// Leases jobs and posts their results over many connections from one thread, as fast as the coordinator answers or at a
/// given pace. Each connection is a worker of its own with one request under way.
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
        /// When it is to ask again, in nanoseconds; `nil` while it is busy.
        var due: UInt64?
        /// When it was to ask last. At a pace, a lease's time counts from there: one that comes late because the answer
        /// before it did is late too.
        var asked: UInt64 = 0
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
    /// - Parameter pace: leases a second, spread over time and connections; `nil`: each connection asks as soon as it can.
    func run(seconds: Double, pace: Double? = nil) throws -> LoadResult {
        var leases = Latencies()
        var results = Latencies()
        var pairs = 0
        var busy = lanes.count
        var isDry = false
        let start = MonotonicClock.nanoseconds
        let end = start + UInt64(seconds * 1e9)
        let period = pace.map { UInt64(Double(lanes.count) / $0 * 1e9) }
        watched = lanes.map { pollfd(fd: $0.connection.descriptor, events: Int16(POLLIN), revents: 0) }
        for number in lanes.indices {
            try ask(number, at: start + (period ?? 0) * UInt64(number) / UInt64(lanes.count))
        }
        while busy > 0 {
            try wait(period: period)
            for number in lanes.indices where watched[number].revents != 0 {
                let connection = lanes[number].connection
                guard try connection.receive() else { continue }
                let now = MonotonicClock.nanoseconds
                if lanes[number].isLeasing {
                    leases.add(nanoseconds: now - lanes[number].asked)
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
                    try ask(number, at: period.map { lanes[number].asked + $0 } ?? now)
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

    /// Waits for an answer, and sends the requests whose time has come meanwhile.
    private func wait(period: UInt64?) throws {
        while true {
            var pause: UInt64 = 30_000_000_000
            if period != nil {
                let now = MonotonicClock.nanoseconds
                for number in lanes.indices {
                    guard let due = lanes[number].due else { continue }
                    if due <= now { try ask(number, at: due) } else { pause = min(pause, due - now) }
                }
            }
            // poll counts in milliseconds; a shorter pause is slept in part, and then looked again.
            if pause < 1_000_000 { usleep(UInt32(min(pause / 1000, 50))) }
            let count = poll(&watched, nfds_t(watched.count), pause < 1_000_000 ? 0 : Int32(pause / 1_000_000))
            if count < 0, errno == EINTR { continue }
            if count > 0 { return }
            guard lanes.contains(where: { $0.due != nil }) else {
                throw BenchError("the coordinator has answered nothing for 30 seconds")
            }
        }
    }

    /// Sends a lease's request, or notes when it is to be sent.
    private func ask(_ number: Int, at time: UInt64) throws {
        lanes[number].isLeasing = true
        lanes[number].asked = time
        guard time <= MonotonicClock.nanoseconds else { return lanes[number].due = time }
        lanes[number].due = nil
        try lanes[number].connection.send(lanes[number].lease)
    }
}
