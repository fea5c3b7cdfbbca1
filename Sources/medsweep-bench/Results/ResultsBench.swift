import Foundation

/// Measures what people wait for when a large sweep is done: its table on the command line, and the dashboard's first page.
struct ResultsBench {
    private let options: ResultsOptions
    private let bench: QueueBench
    private let scripts: URL
    private let peers: URL?
    private let progress = ProgressLine()

    /// What the scripts print, in milliseconds.
    private struct PageTimes: Decodable {
        let about: String
        let first: Double
        let median: Double
        let best: Double
    }

    init(_ options: ResultsOptions, bench: QueueBench, scripts: URL, peers: String?) throws {
        (self.options, self.bench, self.scripts) = (options, bench, scripts)
        self.peers = peers.map { URL(filePath: $0) }
    }

    /// - Returns: a table for people. What cannot be measured here is told of and passed over.
    func run() throws -> String {
        defer { progress.clear() }
        progress.show("\(options.resultJobs) jobs are finished")
        let queue = try QueueUnderTest(bench, jobs: options.resultJobs)
        defer { queue.end() }
        _ = try queue.submit()
        while try queue.load(connections: 64, batch: 16, seconds: 600).load.isDry == false {}
        progress.show("the table")
        let table = try report(queue)
        progress.show("the dashboard's page")
        let ours = page(URL(filePath: options.browserPython), "page_times.py", [queue.server.address + "/", queue.name, String(options.runs)])
        let theirs = peers.map { python in
            progress.show("optuna-dashboard's page")
            let place = bench.folder.sub("optuna-page")
            try? FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            return page(python, "optuna_page.py", [place.path, String(options.resultJobs), String(options.runs)])
        }
        var rows = [[
            "medsweep report", "-", decimal(table.median * 1000, 0), decimal(table.best * 1000, 0), "", "below 1000",
        ]]
        let median = try? ours.get().median
        rows.append(row("dashboard", ours, ratio: nil, aim: "below 200"))
        if let theirs { rows.append(row("optuna-dashboard", theirs, ratio: median, aim: "")) }
        return "\(options.resultJobs) finished jobs, or trials: milliseconds until they are shown\n"
            + TextTable(["", "first", "median", "best", "theirs over ours", "aim"], rows: rows).text
    }

    /// Seconds that the command takes, from its start to its end.
    private func report(_ queue: QueueUnderTest) throws -> (median: Double, best: Double) {
        let times = try (0..<options.runs).map { _ in
            try MonotonicClock.seconds {
                try ChildProcess(
                    bench.programs.coordinator, ["report", queue.name, "--coordinator", queue.server.address], output: bench.folder.sub("report")
                ).wait()
            }
        }.sorted()
        return (times[times.count / 2], times[0])
    }

    private func page(_ python: URL, _ script: String, _ arguments: [String]) -> Result<PageTimes, any Error> {
        Result {
            guard FileManager.default.isExecutableFile(atPath: python.path) else { throw BenchError("there is no '\(python.path)'") }
            let process = try ChildProcess(python, [scripts.appending(path: script).path] + arguments, output: bench.folder.sub("page"))
            try process.wait()
            guard let line = process.written.split(separator: "\n").last,
                let times = try? JSONDecoder().decode(PageTimes.self, from: Data(line.utf8))
            else { throw BenchError("\(script) printed no result") }
            return times
        }
    }

    private func row(_ name: String, _ times: Result<PageTimes, any Error>, ratio ours: Double?, aim: String) -> [String] {
        switch times {
        case .success(let times):
            let ratio = ours.map { decimal(times.median / $0, 2) } ?? ""
            return ["\(name) (\(times.about))", decimal(times.first, 0), decimal(times.median, 0), decimal(times.best, 0), ratio, aim]
        case .failure(let error): return [name, "\(error)", "", "", "", aim]
        }
    }
}
