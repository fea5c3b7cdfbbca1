import Foundation

/// Measures a coordinator's queue from outside: real processes, real requests, a real disk.
final class QueueBench {
    private let options: QueueOptions
    private let scripts: String
    let programs = Programs()
    let folder: WorkFolder
    let sweeps: NoOpSweeps
    let requests: PreparedRequests
    private let progress = ProgressLine()
    private let postgres: PostgreSQLServer?

    /// - Parameter scripts: the folder of the scripts that measure others.
    init(_ options: QueueOptions, scripts: String) throws {
        self.options = options
        self.scripts = scripts
        folder = try WorkFolder(in: options.folder)
        sweeps = try NoOpSweeps(folder: folder.sub("sweeps"))
        requests = try PreparedRequests(fingerprint: sweeps.fingerprint)
        postgres = options.postgres ? try PostgreSQLServer(folder: folder.sub("postgres")) : nil
        Self.allowConnections(options.idleWorkers + 100)
    }

    /// What `medsweep serve --store` is to be given for a store with nothing in it; `nil`: SQLite in the state folder.
    func emptyStore() throws -> String? { try postgres?.emptyDatabase() ?? options.store }

    /// Runs everything that is asked for.
    func run() throws -> QueueReport {
        defer {
            progress.clear()
            postgres?.stop()
        }
        var report = QueueReport(store: storeName, syncsPerSecond: try folder.syncRate())
        for batch in options.batches.numbers {
            for connections in options.connections.numbers {
                progress.show("\(connections) connections, batches of \(batch)")
                let queue = try QueueUnderTest(self, jobs: options.jobs)
                defer { queue.end() }
                _ = try queue.submit()
                report.rates.append(try queue.load(connections: connections, batch: batch, seconds: options.seconds))
            }
        }
        report.paced = try paced(beside: report.rates)
        for jobs in options.queueSizes { report.sizes.append(try size(jobs)) }
        if options.idleWorkers > 0 {
            progress.show("\(options.idleWorkers) waiting workers")
            report.idle = try IdleWorkers.measure(self, workers: options.idleWorkers, seconds: options.idleSeconds)
        }
        if options.workerJobs > 0 {
            for slots in [8, 64] {
                progress.show("a worker of \(slots) slots with \(options.workerJobs) jobs")
                report.workers.append(try WorkerOverhead.measure(self, slots: slots, jobs: options.workerJobs))
            }
        }
        if let peers = options.peers {
            report.peers = Peers(
                python: URL(filePath: peers), scripts: URL(filePath: scripts), folder: folder,
                tasks: options.peerTasks, trials: options.peerTrials
            ).measure(progress)
        }
        return report
    }

    /// What a lease takes when the coordinator is not at its limit. At the limit there are always as many requests under way as
    /// there are connections, so that a lease takes as long as all of those do, however fast each is.
    private func paced(beside rates: [QueueRate]) throws -> [QueueRate] {
        guard let full = rates.filter({ $0.batch == 1 }).max(by: { $0.connections < $1.connections }) else { return [] }
        return try [0.5, 0.75].map { share in
            progress.show("\(full.connections) connections at \(Int(share * 100)) % of the full rate")
            let pace = full.load.rate * share
            let queue = try QueueUnderTest(self, jobs: max(options.jobs, Int(pace * (options.seconds + 1))))
            defer { queue.end() }
            _ = try queue.submit()
            return try queue.load(connections: full.connections, batch: 1, seconds: options.seconds, pace: pace)
        }
    }

    private func size(_ jobs: Int) throws -> QueueSize {
        progress.show("submit of \(jobs) jobs")
        let queue = try QueueUnderTest(self, jobs: jobs)
        defer { queue.end() }
        let submit = try queue.submit()
        let memory = try queue.server.status().memory
        progress.show("\(jobs) jobs queued")
        let first = try queue.page(after: -1)
        let last = try queue.page(after: max(-1, jobs - 1 - QueueUnderTest.pageSize))
        let rate = try queue.load(connections: 8, batch: 1, seconds: options.seconds)
        return QueueSize(
            submit: submit, memory: memory, peakMemory: try queue.server.status().peakMemory, firstPage: first,
            lastPage: last, rate: rate)
    }

    private var storeName: String {
        if options.postgres { return "PostgreSQL, commits synced" }
        return options.store.map { $0.hasPrefix("postgres") ? "PostgreSQL" : $0 } ?? "SQLite, synchronous=FULL"
    }

    /// Lets this process and its children have that many files open.
    private static func allowConnections(_ count: Int) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < count else { return }
        limit.rlim_cur = min(rlim_t(count) * 2, limit.rlim_max)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
