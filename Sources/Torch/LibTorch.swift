import CTorch
import Foundation

/// The libtorch this process runs on.
public enum LibTorch {
    /// The version it was built against, e.g. `1.13.0`.
    public static var version: String { String(cString: ct_version()) }

    /// Version and BLAS for the record, e.g. `libtorch 1.13.0, OpenBLAS (openmp)`.
    public static let description: String = {
        let build = buildReport
        if let name = build.firstMatch(of: /BLAS_INFO=([A-Za-z0-9_]+)/)?.1, name != "generic" {
            return "libtorch \(version), \(name.uppercased())"
        }
        // Debian's build leaves the choice to libblas.so.3; the map of the process tells what that is.
        let file = FileHandle(forReadingAtPath: "/proc/self/maps")
        let maps = String(decoding: file?.readDataToEndOfFile() ?? Data(), as: UTF8.self)
        if let flavour = maps.firstMatch(of: /openblas-([a-z]+)\//)?.1 {
            return "libtorch \(version), OpenBLAS (\(flavour))"
        }
        return "libtorch \(version), reference BLAS"
    }()

    /// Makes layers call the operators that PyTorch's modules call, as they are, instead of faster equals. Numbers then
    /// differ from PyTorch's by no more than its own do between runs: for comparisons only.
    @TaskLocal package static var usesPlainOperators = false

    /// libtorch's own account of how it was built.
    public static var buildReport: String {
        let text = ct_build()
        defer { ct_text_free(text) }
        return String(cString: text)
    }

    /// Compute threads of an operator. Another number gives other last digits.
    public static var threads: Int {
        get { Int(ct_threads()) }
        set { ct_set_threads(Int32(newValue)) }
    }
}
