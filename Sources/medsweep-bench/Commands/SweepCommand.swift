import ArgumentParser
import Foundation

/// `medsweep-bench sweep`
struct SweepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Measures how long the jobs of study-loop.yaml take with `medsweep run`, beside the study's own way.",
        discussion: "Example: medsweep-bench sweep --data demo-data")

    @OptionGroup var scripts: ScriptOptions
    @OptionGroup var pyTorch: PyTorchOptions

    @Option(help: "The folder that `medsweep data demo` prepared.")
    var data: String

    @Option(help: "Epochs of each job (default: those of the file).")
    var epochs: Int?

    @Option(help: "A folder on a disk for everything that is written.")
    var folder = "/var/tmp"

    func run() throws {
        let bench = SweepBench(
            data: data, epochs: epochs, folder: try WorkFolder(in: folder), python: pyTorch.python(scripts: scripts.scripts))
        print(try bench.run())
    }
}
