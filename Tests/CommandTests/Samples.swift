import Catalogue

extension EngineClass {
    /// Somewhere.
    static let sample = EngineClass(
        platform: Platform(device: "cpu", libtorch: "2.13.0", kernels: "avx2"), precision: .float32, threads: 2)
}

extension JobProgress {
    /// A training of a hundred images an epoch.
    static func sample(epoch: Int, of epochs: Int, loss: Double? = nil, speed: Double? = nil) -> JobProgress {
        JobProgress(
            stage: "training", unit: "images", done: epoch * 100, total: epochs * 100, work: epoch * 100,
            share: Double(epoch) / Double(epochs), epoch: epoch, epochs: epochs, loss: loss, speed: speed)
    }
}
