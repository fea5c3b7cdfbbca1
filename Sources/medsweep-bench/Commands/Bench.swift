import ArgumentParser

/// `make bench`
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medsweep-bench",
        abstract: "Compares training with PyTorch, and measures a coordinator's queue and how fast results are shown.",
        subcommands: [
            AllCommand.self, TrainingCommand.self, MethodsCommand.self, QueueCommand.self, ResultsCommand.self,
            SweepCommand.self, GPUCommand.self, MeasureCommand.self, ExhaustCommand.self,
        ], defaultSubcommand: AllCommand.self)
}
