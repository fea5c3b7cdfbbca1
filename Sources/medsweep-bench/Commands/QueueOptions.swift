import ArgumentParser

/// What of the queue is measured, and how long.
struct QueueOptions: ParsableArguments {
    @Option(help: "Connections that lease and post at the same time, one number for each run.")
    var connections = NumberList([1, 8, 64])

    @Option(help: "Jobs that each lease asks for, one number for each run.")
    var batches = NumberList([1, 16])

    @Option(help: "Seconds of each run.")
    var seconds = 4.0

    @Option(help: "Jobs in the queue of each run.")
    var jobs = 20_000

    @Option(help: "Jobs in the queue as it grows (default: 10000,100000; with --full also 1000000).")
    var sizes: NumberList?

    @Flag(help: "Also a queue of a million jobs.")
    var full = false

    @Option(help: "Workers that wait for work; 0: none.")
    var idleWorkers = 1000

    @Option(help: "Seconds of watching them wait.")
    var idleSeconds = 20.0

    @Option(help: "Jobs for a real worker that trains nothing; 0: none.")
    var workerJobs = 10_000

    @Option(help: "Passed on to `medsweep serve --store`; it should be empty.")
    var store: String?

    @Flag(help: "Measure on a PostgreSQL server that is started for this, from Debian's package.")
    var postgres = false

    @Option(help: "A folder on a disk for everything that is written.")
    var folder = "/var/tmp"

    @Option(help: "The Python that has HyperQueue and Optuna, to compare with (default: no comparison).")
    var peers: String?

    @Option(help: "Tasks given to HyperQueue.")
    var peerTasks = 5000

    @Option(help: "Trials given to Optuna.")
    var peerTrials = 500

    @Option(help: "Also write the numbers to this file.")
    var json: String?

    /// The sizes that are asked for.
    var queueSizes: [Int] { sizes?.numbers ?? [10_000, 100_000] + (full ? [1_000_000] : []) }

    func validate() throws {
        guard seconds > 0, idleSeconds > 0, jobs > 0 else { throw ValidationError("--seconds and --jobs are above zero") }
        guard batches.numbers.allSatisfy({ $0 <= 64 }) else { throw ValidationError("a lease has at most 64 jobs") }
        guard peerTasks > 1, peerTrials > 1 else { throw ValidationError("--peer-tasks and --peer-trials are above one") }
        guard store == nil || !postgres else { throw ValidationError("--postgres brings its own store; leave --store out") }
    }
}
