import Torch

/// GANomaly's networks (Akcay et al., 2018) in the study's backbone, whose bottlenecks have no batch normalisation here:
/// a generator that encodes, decodes and encodes again, and a discriminator.
public final class AdversarialAutoencoder: Module {
    let generator: EncodingGenerator
    let discriminator: Discriminator

    public init(_ shape: BackboneShape, generator stream: Generator) throws(TorchError) {
        generator = try EncodingGenerator(shape, generator: stream)
        discriminator = try Discriminator(shape, generator: stream)
        super.init()
    }
}

/// Encoder, decoder and second encoder; 3,520,192 parameters at the defaults.
public final class EncodingGenerator: Module {
    let firstEncoder: Sequential
    let firstCompression: Sequential
    let expansion: Sequential
    let decoder: Sequential
    let secondEncoder: Sequential
    let secondCompression: Sequential
    private let featureShape: [Int]

    init(_ shape: BackboneShape, generator: Generator) throws(TorchError) {
        func compression() throws(TorchError) -> Sequential {
            try bottleneckHalf(
                shape.featureCount, hidden: shape.hiddenSize, shape.latentSize, isNormalised: false, generator: generator)
        }
        firstEncoder = try encoder(shape, generator: generator)
        firstCompression = try compression()
        expansion = try bottleneckHalf(
            shape.latentSize, hidden: shape.hiddenSize, shape.featureCount, isNormalised: false, generator: generator)
        decoder = try AnomalyDetection.decoder(shape, generator: generator)
        secondEncoder = try encoder(shape, generator: generator)
        secondCompression = try compression()
        featureShape = shape.featureShape
        super.init()
    }

    /// What a pass through the network gives.
    struct Output {
        /// x̂, `[N, C, S, S]`
        let reconstruction: Tensor
        /// z, the image's code, `[N, d]`.
        let code: Tensor
        /// ẑ, the reconstruction's code, `[N, d]`.
        let secondCode: Tensor
    }

    func callAsFunction(_ images: Tensor) throws(TorchError) -> Output {
        let code = try firstCompression(firstEncoder(images).flattened())
        let reconstruction = try decoder(expansion(code).reshaped([-1] + featureShape))
        let secondCode = try secondCompression(secondEncoder(reconstruction).flattened())
        return Output(reconstruction: reconstruction, code: code, secondCode: secondCode)
    }
}

/// Tells images from reconstructions: the backbone's encoder, a linear layer with ReLU that gives features, and one
/// more with sigmoid that gives a probability; 1,157,729 parameters at the defaults.
public final class Discriminator: Module {
    let encoder: Sequential
    let features: Sequential
    let classifier: Sequential

    init(_ shape: BackboneShape, generator: Generator) throws(TorchError) {
        encoder = try AnomalyDetection.encoder(shape, generator: generator)
        features = Sequential([try Linear(shape.featureCount, shape.hiddenSize, generator: generator), ReLU()])
        classifier = Sequential([try Linear(shape.hiddenSize, 1, generator: generator), Sigmoid()])
        super.init()
    }

    /// `[N, C, S, S]` → the probability of an image `[N, 1]` and the features `[N, hidden]`.
    func callAsFunction(_ images: Tensor) throws(TorchError) -> (probability: Tensor, features: Tensor) {
        let features = try features(encoder(images).flattened())
        return (try classifier(features), features)
    }

    /// New weights for convolutions, N(0, 0.02²), and batch normalisations, N(1, 0.02²) with biases of zero; linear layers
    /// keep theirs, as in the study.
    func reinitialise(generator: Generator) throws(TorchError) {
        for module in modules {
            if let convolution = module as? Convolution {
                try convolution.weight.tensor.fillNormal(mean: 0, deviation: 0.02, generator: generator)
            } else if let norm = module as? BatchNorm {
                try norm.weight.tensor.fillNormal(mean: 1, deviation: 0.02, generator: generator)
                try norm.bias.tensor.fill(0)
            }
        }
    }
}
