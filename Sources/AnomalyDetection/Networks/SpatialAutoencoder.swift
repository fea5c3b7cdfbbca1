import Torch

/// The backbone with a bottleneck that keeps the places: 1×1 convolutions to `hiddenSize` channels, batch
/// normalisation, ReLU, 1×1 to `latentSize` channels, and back the same way, all without biases;
/// 382,016 parameters at the defaults. The code is `[N, d, S/16, S/16]`.
public final class SpatialAutoencoder: Module, Layer {
    let encoder: Sequential
    let compression: Sequential
    let expansion: Sequential
    let decoder: Sequential

    public init(_ shape: BackboneShape, generator: Generator) throws(TorchError) {
        func half(_ inputs: Int, _ outputs: Int) throws(TorchError) -> Sequential {
            Sequential([
                try Convolution(inputs, shape.hiddenSize, kernel: 1, bias: false, generator: generator),
                try BatchNorm(shape.hiddenSize), ReLU(),
                try Convolution(shape.hiddenSize, outputs, kernel: 1, bias: false, generator: generator),
            ])
        }
        encoder = try AnomalyDetection.encoder(shape, generator: generator)
        compression = try half(shape.featureShape[0], shape.latentSize)
        expansion = try half(shape.latentSize, shape.featureShape[0])
        decoder = try AnomalyDetection.decoder(shape, generator: generator)
        super.init()
    }

    /// The reconstruction of `[N, C, S, S]`.
    public func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor {
        try decoder(expansion(compression(encoder(images))))
    }
}
