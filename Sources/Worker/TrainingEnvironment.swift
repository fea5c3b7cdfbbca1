import Foundation

/// The environment that training processes are started in.
struct TrainingEnvironment: Sendable {
    private let common: [String: String]
    /// Whether NVIDIA's multi-process service runs, through which the kernels of several jobs share a GPU at one time instead of
    /// taking turns.
    let hasMPS: Bool

    /// - Parameters:
    ///   - kernels: variables that pin the processor's kernels.
    ///   - own: this process's environment.
    ///   - pipes: where the service's control daemon has its pipes unless `CUDA_MPS_PIPE_DIRECTORY` says otherwise.
    init(
        kernels: [String: String] = [:], own: [String: String] = ProcessInfo.processInfo.environment,
        pipes: String = "/tmp/nvidia-mps"
    ) {
        var common = own.merging(kernels) { $1 }
        // Swift's runtime would look at a crashed process for a minute before it lets it go.
        common["SWIFT_BACKTRACE"] = "enable=no"
        let folder = own["CUDA_MPS_PIPE_DIRECTORY"] ?? (FileManager.default.fileExists(atPath: pipes) ? pipes : nil)
        if let folder { common["CUDA_MPS_PIPE_DIRECTORY"] = folder }
        hasMPS = folder != nil
        self.common = common
    }

    /// For a process with so many compute threads.
    func variables(threads: Int) -> [String: String] {
        common.merging(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"].map { ($0, "\(threads)") }) { $1 }
    }
}
