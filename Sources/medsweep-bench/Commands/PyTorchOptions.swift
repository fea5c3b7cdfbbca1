import ArgumentParser
import Foundation

/// The PyTorch to compare with.
struct PyTorchOptions: ParsableArguments {
    @Option(help: "The Python that has PyTorch.")
    var python = "/usr/bin/python3"

    @Option(help: "A folder of libraries for that Python to prefer; the BLAS we use ourselves by default.")
    var libraryPath = "/usr/lib/x86_64-linux-gnu/openblas-openmp"

    @Option(help: "Compute threads of either side.")
    var threads = 2

    /// The Python that runs the scripts of a folder.
    func python(scripts: String) -> Python {
        Python(executable: python, scripts: URL(filePath: scripts), environment: ["LD_LIBRARY_PATH": libraryPath])
    }
}
