import Foundation

/// A whole sweep, from a file to results, beside the way in which the study runs its jobs: one process a job, one after the other.
struct SweepBench {
    /// The folder of the data sets.
    let data: String
    let epochs: Int?
    let folder: WorkFolder
    let python: Python

    /// What study_loop.py prints.
    private struct StudyLoop: Decodable {
        struct Job: Decodable { let auc: Double }
        let pytorch: String
        let threads: Int
        let seconds: Double
        let jobs: [Job]
    }

    /// - Returns: both times and their ratio, for people.
    func run() throws -> String {
        let progress = ProgressLine()
        defer { progress.clear() }
        progress.show("medsweep run")
        let start = MonotonicClock.seconds
        let process = try ChildProcess(
            Programs().coordinator,
            ["run", python.script("study-loop.yaml")] + (epochs.map { ["epochs=\($0)"] } ?? [])
                + ["--data", data, "--state", folder.sub("state").path],
            output: folder.sub("run"))
        try process.wait()
        let ours = MonotonicClock.seconds - start
        let options = [data] + (epochs.map { ["--epochs", String($0)] } ?? [])
        let ways: [(name: String, options: [String])] = [("the study's scripts", []), ("one process a job", ["--once"])]
        let loops = try ways.map { way in
            progress.show(way.name)
            return (way.name, try JSONDecoder().decode(StudyLoop.self, from: python.run("study_loop.py", options + way.options)))
        }
        let jobs = Double(loops[0].1.jobs.count)
        let rows = [["medsweep run", decimal(ours, 1), decimal(ours / jobs, 2), ""]]
            + loops.map { [$0, decimal($1.seconds, 1), decimal($1.seconds / jobs, 2), decimal($1.seconds / ours, 2)] }
        let auc = loops[0].1.jobs.reduce(0) { $0 + $1.auc } / jobs
        return """
            \(decimal(jobs, 0)) jobs from a file to results; PyTorch \(loops[0].1.pytorch), \(loops[0].1.threads) threads, mean AUC \(decimal(auc, 3))
            \(TextTable(["way", "seconds", "a job", "over ours"], rows: rows).text)
            \(process.written)
            """
    }
}
