/// What decides the last digits of a job's numbers beside the job itself. Equal jobs give equal numbers, bit for bit, within one
/// class; between classes they differ in the last digits, and after many steps in the first ones.
public struct EngineClass: Codable, Sendable, Hashable, CustomStringConvertible {
    /// The part that is the machine's and not the job's.
    public struct Platform: Codable, Sendable, Hashable, CustomStringConvertible {
        /// `cpu`, or a GPU's kind, e.g. `cuda NVIDIA H200`.
        public var device: String
        /// libtorch's version, e.g. `2.13.0`.
        public var libtorch: String
        /// The kernels that libtorch chose for the processor, e.g. `avx512+mkl+onednn`; of a GPU its CUDA and cuDNN versions.
        public var kernels: String

        public init(device: String, libtorch: String, kernels: String) {
            self.device = device
            self.libtorch = libtorch
            self.kernels = kernels
        }

        public var description: String { "\(device), libtorch \(libtorch), \(kernels)" }
    }

    public var platform: Platform
    public var precision: Precision
    /// Compute threads of an operator.
    public var threads: Int

    public init(platform: Platform, precision: Precision, threads: Int) {
        self.platform = platform
        self.precision = precision
        self.threads = threads
    }

    /// What a reader of numbers should know that were begun on this class and gone on with on another.
    public var goneOnFrom: String { "went on from a checkpoint of \(self); its last digits are not those of one class" }

    public var description: String {
        "\(platform), \(precision.rawValue), \(threads) \(threads == 1 ? "thread" : "threads")"
    }
}

extension Precision: Codable {}
