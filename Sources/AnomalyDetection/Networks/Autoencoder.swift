import Torch

/// The study's autoencoder: 2,351,184 parameters at the defaults.
public final class Autoencoder: Module, Layer {
    let encoder: Sequential
    let compression: Sequential
    let expansion: Sequential
    let decoder: Sequential
    private let featureShape: [Int]

    /// - Parameter outputs: channels of the decoder's output, by default as many as the image has.
    public init(_ shape: BackboneShape, outputs: Int? = nil, generator: Generator) throws(TorchError) {
        encoder = try AnomalyDetection.encoder(shape, generator: generator)
        compression = try bottleneckHalf(
            shape.featureCount, hidden: shape.hiddenSize, shape.latentSize, generator: generator)
        expansion = try bottleneckHalf(
            shape.latentSize, hidden: shape.hiddenSize, shape.featureCount, generator: generator)
        decoder = try AnomalyDetection.decoder(shape, outputs: outputs, generator: generator)
        featureShape = shape.featureShape
        super.init()
    }

    /// `[N, C, S, S]` → `[N, d]`.
    public func encode(_ images: Tensor) throws(TorchError) -> Tensor {
        try compression(encoder(images).flattened())
    }

    /// `[N, d]` → `[N, outputs, S, S]`.
    public func decode(_ codes: Tensor) throws(TorchError) -> Tensor {
        try decoder(expansion(codes).reshaped([-1] + featureShape))
    }

    /// The reconstruction of `[N, C, S, S]`.
    public func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor { try decode(encode(images)) }
}
