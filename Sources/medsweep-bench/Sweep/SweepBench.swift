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
        progress.show("the study's way")
        let output = try python.run("study_loop.py", [data] + (epochs.map { ["--epochs", String($0)] } ?? []))
        let theirs = try JSONDecoder().decode(StudyLoop.self, from: output)
        let jobs = theirs.jobs.count
        return """
            \(jobs) jobs from a file to results, seconds
              medsweep run      \(decimal(ours, 1))  (\(decimal(ours / Double(jobs), 2)) a job)
              the study's way   \(decimal(theirs.seconds, 1))  (\(decimal(theirs.seconds / Double(jobs), 2)) a job; PyTorch \(theirs.pytorch), \
            \(theirs.threads) threads, mean AUC \(decimal(theirs.jobs.reduce(0) { $0 + $1.auc } / Double(jobs), 3)))
              theirs over ours  \(decimal(theirs.seconds / ours, 2))
            \(process.written)
            """
    }
}
