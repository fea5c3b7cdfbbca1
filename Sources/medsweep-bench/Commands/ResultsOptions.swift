import ArgumentParser

/// How many results are shown, and how often.
struct ResultsOptions: ParsableArguments {
    @Option(help: "Finished jobs of the sweep whose report and page are measured; 0: none.")
    var resultJobs = 100_000

    @Option(help: "Times that each is measured.")
    var runs = 5

    @Option(help: "A Python 3 for the browser's script.")
    var browserPython = "/usr/bin/python3"

    func validate() throws {
        guard resultJobs >= 0, runs > 0 else { throw ValidationError("--result-jobs is not below zero and --runs above it") }
    }
}
