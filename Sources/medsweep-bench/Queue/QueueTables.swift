import Foundation

/// A report for people.
struct QueueTables {
    let report: QueueReport

    /// All tables, in the order in which they were measured.
    var text: String {
        var parts = [
            "queue: \(report.store); \(ProcessInfo.processInfo.activeProcessorCount) cores shared with the load; "
                + "the disk syncs \(decimal(report.syncsPerSecond, 0)) writes of 4 KiB a second"
        ]
        if !report.rates.isEmpty { parts.append(rates) }
        if !report.paced.isEmpty { parts.append(paced) }
        if !report.sizes.isEmpty { parts += [sizes, pages] }
        if let idle = report.idle { parts.append(text(of: idle)) }
        if !report.workers.isEmpty { parts.append(report.workers.map(text(of:)).joined(separator: "\n")) }
        if !report.peers.isEmpty { parts.append(peers) }
        return parts.joined(separator: "\n\n")
    }

    /// The highest rate: what others are compared with.
    private var best: QueueRate? { report.rates.max { $0.load.rate < $1.load.rate } }

    private var rates: String {
        let table = TextTable([
            "connections", "batch", "pairs/s", "per disk sync", "lease p50 ms", "p99", "result p50 ms", "p99", "server CPU µs/pair",
            "load CPU µs/pair",
        ], rows: report.rates.map { rate in
            [
                String(rate.connections), String(rate.batch), decimal(rate.load.rate, 0) + (rate.load.isDry ? "*" : ""),
                decimal(rate.load.rate / report.syncsPerSecond, 2), decimal(rate.load.lease.p50, 2),
                decimal(rate.load.lease.p99, 2), decimal(rate.load.result.p50, 2), decimal(rate.load.result.p99, 2),
                decimal(rate.serverSecondsPerPair * 1e6, 0), decimal(rate.generatorSecondsPerPair * 1e6, 0),
            ]
        })
        let note = report.rates.contains { $0.load.isDry } ? "\n* the queue ran out of jobs before the time was over" : ""
        return "lease and result of a no-op job, both durable\n\(table.text)\(note)"
    }

    private var paced: String {
        "below the full rate: a lease's time counts from when it was to be asked for, at an even pace\n"
            + TextTable(
                ["connections", "pairs/s", "lease p50 ms", "p99", "result p50 ms", "p99"],
                rows: report.paced.map { rate in
                    [
                        String(rate.connections), decimal(rate.load.rate, 0), decimal(rate.load.lease.p50, 2),
                        decimal(rate.load.lease.p99, 2), decimal(rate.load.result.p50, 2), decimal(rate.load.result.p99, 2),
                    ]
                }).text
    }

    private var sizes: String {
        let base = report.sizes[0].rate.load.rate
        return "as the queue grows, 8 connections\n" + TextTable(
            ["jobs", "pairs/s", "ratio", "lease p50 ms", "p99", "server MiB", "peak MiB", "client peak MiB"],
            rows: report.sizes.map { size in
                [
                    String(size.submit.jobs), decimal(size.rate.load.rate, 0), decimal(size.rate.load.rate / base, 2),
                    decimal(size.rate.load.lease.p50, 2), decimal(size.rate.load.lease.p99, 2), mebibytes(size.memory),
                    mebibytes(size.peakMemory), mebibytes(size.submit.clientPeakMemory),
                ]
            }).text
    }

    private var pages: String {
        TextTable(
            ["jobs", "submit answered s", "all queued s", "jobs/s", "first page ms", "last page ms"],
            rows: report.sizes.map { size in
                [
                    String(size.submit.jobs), decimal(size.submit.answered, 2), decimal(size.submit.queued, 2),
                    decimal(Double(size.submit.jobs) / size.submit.queued, 0), decimal(size.firstPage * 1000, 1),
                    decimal(size.lastPage * 1000, 1),
                ]
            }).text
    }

    private func text(of idle: IdleWorkers) -> String {
        let more = idle.memoryWith - idle.memoryBefore
        return "\(idle.workers) workers that wait for work: \(mebibytes(more)) MiB above the idle \(mebibytes(idle.memoryBefore)) MiB "
            + "(\(decimal(Double(more) / Double(idle.workers) / 1024, 1)) KiB each); "
            + "\(decimal(idle.processorSecondsWith, 2)) CPU seconds in \(decimal(idle.seconds, 0)) s, "
            + "\(decimal(idle.processorSecondsBefore, 2)) with nobody there"
    }

    private func text(of worker: WorkerOverhead) -> String {
        "a real worker of \(worker.slots) slots on \(worker.jobs) no-op jobs: \(decimal(Double(worker.jobs) / worker.seconds, 0)) jobs/s, "
            + "\(decimal(worker.secondsPerJob * 1e6, 0)) µs a job, of them \(decimal(worker.processorSecondsPerJob * 1e6, 0)) µs the worker's CPU"
    }

    private var peers: String {
        var rows: [[String]] = []
        if let best {
            rows.append([
                "medsweep", decimal(best.load.rate, 0), "1.00",
                "\(best.connections) connections, batch \(best.batch), every lease and result synced",
            ])
        }
        for peer in report.peers {
            rows.append([
                peer.name, peer.perSecond.map { decimal($0, 0) } ?? "—",
                peer.perSecond.flatMap { rate in best.map { decimal($0.load.rate / rate, 2) } } ?? "—",
                peer.problem ?? peer.about,
            ])
        }
        return "beside others in this run\n" + TextTable(["", "a second", "ours over theirs", ""], rows: rows).text
    }

    private func mebibytes(_ bytes: Int) -> String { decimal(Double(bytes) / 1_048_576, 1) }
}
