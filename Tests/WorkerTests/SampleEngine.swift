import Catalogue

extension EngineClass {
    /// Somewhere.
    static let sample = EngineClass(
        platform: Platform(device: "cpu", libtorch: "2.13.0", kernels: "avx2"), precision: .float32, threads: 2)
}
