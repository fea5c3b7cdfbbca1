import ArgumentParser
import Foundation

/// `medsweep-bench results`
struct ResultsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results",
        abstract: "Measures how fast the results of many jobs are shown: the table from the command line, and the dashboard's first page in a browser.",
        discussion: "Example: medsweep-bench results --result-jobs 10000 --peers .build/peers/bin/python")

    @OptionGroup var scripts: ScriptOptions
    @OptionGroup var options: ResultsOptions
    @Option(help: "A folder on a disk for everything that is written.")
    var folder = "/var/tmp"
    @Option(help: "The Python that has optuna-dashboard, to compare with (default: no comparison).")
    var peers: String?

    func run() throws { try Self.run(options, folder: folder, peers: peers, scripts: scripts.scripts) }

    static func run(_ options: ResultsOptions, folder: String, peers: String?, scripts: String) throws {
        guard options.resultJobs > 0 else { return }
        let queue = try QueueOptions.parse(["--folder", folder])
        print(try ResultsBench(options, bench: QueueBench(queue, scripts: scripts), scripts: URL(filePath: scripts), peers: peers).run())
    }
}
