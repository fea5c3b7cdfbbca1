import ArgumentParser

/// `medsweep-bench methods`
struct MethodsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "methods",
        abstract: "Measures how fast every method trains and scores, beside PyTorch.",
        discussion: "Example: medsweep-bench methods ae memae --threads 2")

    @Argument(help: "The methods to measure (default: all).")
    var methods: [String] = []

    @OptionGroup var scripts: ScriptOptions
    @OptionGroup var options: PyTorchOptions

    func run() throws { try MethodsBench(options: options, methods: methods, scripts: scripts.scripts).run() }
}
