import ArgumentParser

/// What is trained, and where PyTorch is.
struct TrainingOptions: ParsableArguments {
    @Option(help: "The folder that `medsweep data demo` prepared.")
    var data: String

    @Option(help: "The Python that has PyTorch.")
    var python = "/usr/bin/python3"

    @Option(help: "A folder of libraries for that Python to prefer; the BLAS we use ourselves by default.")
    var libraryPath = "/usr/lib/x86_64-linux-gnu/openblas-openmp"

    @Option(help: "Compute threads of either side.")
    var threads = 2

    @Option(help: "Timed steps of each round.")
    var steps = 60

    @Option(help: "Rounds; ours and theirs take turns.")
    var rounds = 3
}
