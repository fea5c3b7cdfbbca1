import ArgumentParser

/// `medsweep-bench methods`
struct MethodsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "methods",
        abstract: "Measures how fast every method trains and scores, how soon and in how much memory, beside PyTorch.",
        discussion: "Example: medsweep-bench methods ae memae --threads 2")

    @Argument(help: "The methods to measure (default: all).")
    var methods: [String] = []

    @OptionGroup var scripts: ScriptOptions
    @OptionGroup var options: PyTorchOptions
    @OptionGroup var rounds: MethodsOptions

    func run() throws { try MethodsBench(options: options, rounds: rounds, methods: methods, scripts: scripts.scripts).run() }
}
