import ArgumentParser

/// `make bench`
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medsweep-bench",
        abstract: "Compares training with PyTorch, and measures a coordinator's queue.",
        subcommands: [AllCommand.self, TrainingCommand.self, MethodsCommand.self, QueueCommand.self], defaultSubcommand: AllCommand.self)
}
