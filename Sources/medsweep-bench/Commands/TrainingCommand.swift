import ArgumentParser

/// `medsweep-bench training`
struct TrainingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "training",
        abstract: "Compares training with PyTorch on the same data, weights and batches.",
        discussion: "Example: medsweep-bench training --data demo-data")

    @OptionGroup var scripts: ScriptOptions
    @OptionGroup var options: TrainingOptions

    func run() throws { try TrainingBench(options: options, scripts: scripts.scripts).run() }
}
