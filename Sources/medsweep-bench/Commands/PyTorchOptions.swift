import ArgumentParser
import Foundation

/// The PyTorch to compare with.
struct PyTorchOptions: ParsableArguments {
    @Option(help: "The Python that has PyTorch.")
    var python = ".build/pytorch/bin/python"

    @Option(help: "A folder of libraries for that Python to prefer, e.g. of the BLAS that Debian's libtorch uses here.")
    var libraryPath: String?

    @Option(help: "Compute threads of either side.")
    var threads = 2

    /// The Python that runs the scripts of a folder.
    func python(scripts: String) -> Python {
        Python(executable: python, scripts: URL(filePath: scripts), environment: libraryPath.map { ["LD_LIBRARY_PATH": $0] } ?? [:])
    }
}
