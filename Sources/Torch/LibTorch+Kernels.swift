import CTorch
import Foundation

/// The instructions that libtorch and its libraries may use on an x86 processor.
public enum InstructionSet: String, Sendable, CaseIterable {
    /// What every such processor has.
    case baseline = "default"
    case avx2
    case avx512
}

/// How products of float32 numbers are computed on a GPU.
public enum MatrixPrecision: String, Sendable, CaseIterable {
    /// As they are.
    case float32
    /// With factors rounded to TF32's 10 bits, which tensor cores of Ampere and newer are several times faster at.
    case tf32
}

extension LibTorch {
    /// The code that this process computes with on the CPU: libtorch's own instruction set, the BLAS and oneDNN, the latter
    /// two with what they are limited to, or have chosen, where that is known; e.g. `avx512+mkl+onednn`,
    /// `avx2+openblas-haswell+onednn-avx2`. Other kernels give other last digits.
    public static let kernels: String = {
        let report = buildReport
        let usage = report.firstMatch(of: /CPU capability usage: ([^\n]+)/).map { $0.1.lowercased() } ?? "default"
        // libtorch 1.x calls the baseline so.
        let own = usage.hasPrefix("no ") ? "default" : usage
        return [own, blas(report), oneDNN(report)].compactMap(\.self).joined(separator: "+")
    }()

    /// The versions of the libraries that this process computes with on a GPU, once CUDA is loaded, e.g. `cuda-12.8+cudnn-9.8.0`.
    public static var cudaLibraries: String {
        let report = buildReport
        let parts = [
            report.firstMatch(of: /CUDA Runtime ([0-9.]+)/).map { "cuda-\($0.1)" }, report.firstMatch(of: /[Cc][Uu]DNN ([0-9.]+)/).map { "cudnn-\($0.1)" },
        ]
        return parts.compactMap(\.self).joined(separator: "+")
    }

    private static func blas(_ report: String) -> String {
        if let core = ct_openblas_core().map({ String(cString: $0) }) { return "openblas-" + core.lowercased() }
        guard let name = report.firstMatch(of: /BLAS_INFO=([A-Za-z0-9_]+)/)?.1.lowercased(), name != "generic" else {
            return "reference"
        }
        guard name == "mkl" else { return name }
        let limit = environment("MKL_ENABLE_INSTRUCTIONS") ?? mklBranches[Int(ct_mkl_branch())]
        return limit.map { "mkl-\($0)" } ?? name
    }

    /// By the numbers of MKL's `MKL_CBWR_` constants. On processors that are not Intel's it tells none of them.
    private static let mklBranches = [
        3: "compatible", 4: "sse2", 5: "sse3", 6: "ssse3", 7: "sse4_1", 8: "sse4_2", 9: "avx", 10: "avx2", 12: "avx512",
        14: "avx512_e1",
    ]

    private static func oneDNN(_ report: String) -> String? {
        guard report.contains("MKL-DNN") || report.contains("oneDNN") else { return nil }
        let limit = environment("ONEDNN_MAX_CPU_ISA") ?? environment("DNNL_MAX_CPU_ISA")
        return limit.map { "onednn-\($0)" } ?? "onednn"
    }

    private static func environment(_ name: String) -> String? {
        let value = ProcessInfo.processInfo.environment[name]?.lowercased()
        return value == "" || value == "all" ? nil : value
    }

    /// The environment that limits a process to `instructions`, so that processors of several kinds compute alike. It must
    /// be there when the process starts. A processor that has less than is asked for uses what it has: compare
    /// ``kernels``.
    ///
    /// MKL and OpenBLAS choose between processors of one instruction set too; on those that are not Intel's, MKL can be
    /// limited but not be made to compute as on Intel's, unless it is at the baseline.
    public static func pinEnvironment(_ instructions: InstructionSet) -> [String: String] {
        let (oneDNN, mkl, branch, openBLAS) = switch instructions {
        case .baseline: ("SSE41", "SSE4_2", "COMPATIBLE", "Nehalem")
        case .avx2: ("AVX2", "AVX2", "AVX2", "Haswell")
        case .avx512: ("AVX512_CORE", "AVX512", "AVX512", "SkylakeX")
        }
        return [
            "ATEN_CPU_CAPABILITY": instructions.rawValue, "ONEDNN_MAX_CPU_ISA": oneDNN, "DNNL_MAX_CPU_ISA": oneDNN,
            "MKL_ENABLE_INSTRUCTIONS": mkl, "MKL_CBWR": branch, "OPENBLAS_CORETYPE": openBLAS,
        ]
    }

    /// Has libtorch choose the same algorithms in every run, and says how exact products on a GPU are. To be called once,
    /// before the first tensor is made on a GPU. Where a GPU has no such algorithm, libtorch warns on standard error.
    public static func configure(precision: MatrixPrecision = .float32) {
        ct_configure(precision == .tf32)
    }
}
