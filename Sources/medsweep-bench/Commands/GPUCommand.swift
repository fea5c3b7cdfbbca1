import ArgumentParser
import Foundation

/// `medsweep-bench gpu`
struct GPUCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gpu",
        abstract: "Checks every method on a GPU against the CPU, and measures how fast it is there, alone and side by side.",
        discussion: """
            Takes less than eight minutes; what does not fit into that is left out and named. `--device cpu` runs the same checks \
            without a GPU. Exit code 69: there is no such device; 1: a check failed.

            Example: medsweep-bench gpu --python .build/pytorch/bin/python --data demo-data
            """)

    @ArgumentParser.Argument(help: "The methods to look at (default: all).")
    var methods: [String] = []

    @OptionGroup var scripts: ScriptOptions

    @Option(help: "The device.")
    var device = "cuda:0"

    @Option(help: "A Python with a PyTorch that has the device, to compare with (default: no comparison).")
    var python: String?

    @Option(help: "The folder that `medsweep data demo` prepared, for a job that does not fit (default: none is tried).")
    var data: String?

    @Option(help: "Seconds that all of it may take.")
    var limit = 460.0

    func run() throws {
        if let problem = GPUBench.problem(device) {
            FileHandle.standardError.write(Data("Error: \(problem)\n".utf8))
            throw ExitCode(69)
        }
        let bench = try GPUBench(
            device: device, methods: MethodsBench.chosen(methods), data: data, limit: limit,
            python: python.map { Python(executable: $0, scripts: URL(filePath: scripts.scripts), environment: [:]) })
        guard try bench.run() else { throw ExitCode.failure }
    }
}
