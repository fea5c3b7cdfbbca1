/// Which kernels a worker computes with on its processor. Pinned to the same ones, workers on different processors give equal jobs
/// equal bits.
public enum ProcessorKernels: String, Codable, Sendable, CaseIterable {
    /// Whatever libtorch and its libraries choose for the processor at hand.
    case `default`
    case avx2
    case avx512
}
