import Torch

/// MemAE's memory (Gong et al., 2019): a code is replaced by a weighted sum of stored ones.
///
/// Weights are softmax(z Mᵀ), hard-shrunk by w ← max(w - λ, 0) w / (|w - λ| + 1e-12) and divided by their sum.
public final class Memory: Module {
    /// M, `[slots, d]`, at first uniform over ±1/√d.
    let weight: Parameter
    private let shrinkThreshold: Double

    /// - Parameter shrinkThreshold: λ; zero does without shrinking.
    public init(slots: Int, latentSize: Int, shrinkThreshold: Double, generator: Generator) throws(TorchError) {
        let tensor = try Tensor.zeros([slots, latentSize])
        let bound = 1 / Double(latentSize).squareRoot()
        try tensor.fillUniform(-bound...bound, generator: generator)
        weight = try Parameter(tensor)
        self.shrinkThreshold = shrinkThreshold
        super.init()
    }

    /// `[N, d]` → the code from memory `[N, d]` and the weights `[N, slots]`.
    public func callAsFunction(_ codes: Tensor) throws(TorchError) -> (codes: Tensor, attention: Tensor) {
        var attention = try codes.multipliedMatrix(weight.tensor.transposed()).softmax(axis: 1)
        if shrinkThreshold > 0 {
            let excess = try attention - shrinkThreshold
            attention = try excess.rectified() * attention / (excess.absolute() + 1e-12)
            attention = try attention / attention.absolute().sum(axes: [1], keepingDimensions: true).clamped(1e-12...1e30)
        }
        return (try attention.multipliedMatrix(weight.tensor), attention)
    }
}

/// The backbone with a memory between code and decoder; 2,351,584 parameters at the defaults.
public final class MemoryAutoencoder: Module {
    let autoencoder: Autoencoder
    let memory: Memory

    public init(
        _ shape: BackboneShape, slots: Int, shrinkThreshold: Double, generator: Generator
    ) throws(TorchError) {
        autoencoder = try Autoencoder(shape, generator: generator)
        memory = try Memory(
            slots: slots, latentSize: shape.latentSize, shrinkThreshold: shrinkThreshold, generator: generator)
        super.init()
    }

    /// The reconstruction of `[N, C, S, S]` and the memory's weights `[N, slots]`.
    public func callAsFunction(_ images: Tensor) throws(TorchError) -> (reconstruction: Tensor, attention: Tensor) {
        let (codes, attention) = try memory(autoencoder.encode(images))
        return (try autoencoder.decode(codes), attention)
    }
}
