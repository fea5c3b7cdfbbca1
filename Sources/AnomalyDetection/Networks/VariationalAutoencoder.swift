import Torch

/// The study's variational autoencoder: the backbone whose compression ends in 2d numbers, mean and log variance
/// of the code; 2,367,584 parameters at the defaults.
public final class VariationalAutoencoder: Module {
    let encoder: Sequential
    let compression: Sequential
    let expansion: Sequential
    let decoder: Sequential
    private let featureShape: [Int]
    let latentSize: Int

    public init(_ shape: BackboneShape, generator: Generator) throws(TorchError) {
        encoder = try AnomalyDetection.encoder(shape, generator: generator)
        compression = try bottleneckHalf(
            shape.featureCount, hidden: shape.hiddenSize, 2 * shape.latentSize, generator: generator)
        expansion = try bottleneckHalf(
            shape.latentSize, hidden: shape.hiddenSize, shape.featureCount, generator: generator)
        decoder = try AnomalyDetection.decoder(shape, generator: generator)
        featureShape = shape.featureShape
        latentSize = shape.latentSize
        super.init()
    }

    /// What a pass through the network gives.
    public struct Output {
        /// `[N, C, S, S]`
        public let reconstruction: Tensor
        /// Mean of the code, `[N, d]`.
        public let mean: Tensor
        /// Logarithm of the code's variance, `[N, d]`.
        public let logVariance: Tensor
    }

    /// Mean and logarithm of the variance of the code, both `[N, d]`.
    public func encode(_ images: Tensor) throws(TorchError) -> (mean: Tensor, logVariance: Tensor) {
        let code = try compression(encoder(images).flattened())
        return (
            try code.narrowed(axis: 1, start: 0, length: latentSize),
            try code.narrowed(axis: 1, start: latentSize, length: latentSize)
        )
    }

    /// Encodes, draws z = μ + exp(s / 2) ε and decodes.
    /// - Parameter noise: ε, standard normal, `[N, d]`.
    public func callAsFunction(_ images: Tensor, noise: Tensor) throws(TorchError) -> Output {
        let (mean, logVariance) = try encode(images)
        let draw = try mean + (logVariance * 0.5).exponential() * noise
        let reconstruction = try decoder(expansion(draw).reshaped([-1] + featureShape))
        return Output(reconstruction: reconstruction, mean: mean, logVariance: logVariance)
    }
}
