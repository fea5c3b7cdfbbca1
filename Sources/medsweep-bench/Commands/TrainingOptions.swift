import ArgumentParser

/// What is trained, and where PyTorch is.
struct TrainingOptions: ParsableArguments {
    @Option(help: "The folder that `medsweep data demo` prepared.")
    var data: String

    @OptionGroup var pyTorch: PyTorchOptions

    @Option(help: "Timed steps of each round.")
    var steps = 60

    @Option(help: "Rounds of these; ours and theirs take turns.")
    var stepRounds = 3
}
