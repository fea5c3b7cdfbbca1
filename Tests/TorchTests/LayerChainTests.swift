import Testing

@testable import Torch

/// Layers in one pass give what they give one by one.
@Suite struct LayerChainTests {
    private static func images(_ shape: [Int], seed: UInt64 = 5) throws -> Tensor {
        try .normal(shape, generator: Generator(seed: seed), device: .cpu)
    }

    private static func onePass(_ layers: [any Layer], _ images: Tensor) throws -> Tensor {
        try Tensor.withoutGradients { try LayerChain.apply(layers, to: images) }
    }

    private static func oneByOne(_ layers: [any Layer], _ images: Tensor) throws -> Tensor {
        try Tensor.withoutGradients { try layers.reduce(images) { try $1($0) } }
    }

    /// A convolution of each kind with a normalisation whose statistics are of use, and an activation.
    private static func chain(_ kind: Int, generator: Generator) throws -> [any Layer] {
        let norm = try BatchNorm(8)
        try norm.weight.tensor.fillUniform(0.5...2, generator: generator)
        try norm.bias.tensor.fillUniform(-1...1, generator: generator)
        try norm.runningMean.tensor.fillUniform(-1...1, generator: generator)
        try norm.runningVariance.tensor.fillUniform(0.1...3, generator: generator)
        switch kind {
        case 0: return [try Convolution(4, 8, kernel: 4, stride: 2, padding: 1, bias: false, generator: generator), norm, ReLU()]
        case 1: return [try TransposedConvolution(4, 8, kernel: 4, stride: 2, padding: 1, generator: generator), norm, LeakyReLU()]
        case 2: return [try Convolution(4, 8, kernel: 3, groups: 4, generator: generator), norm, ReLU6()]
        case 3: return [try WeightStandardisedConvolution(4, 8, kernel: 3, generator: generator), Swish()]
        default: return [try MeanPooledConvolution(4, 8, kernel: 3, padding: 1, generator: generator)]
        }
    }

    @Test(arguments: 0..<5) func inferenceIsTheSame(_ kind: Int) throws {
        let layers = try Self.chain(kind, generator: Generator(seed: 1))
        for layer in layers { layer.train(false) }
        for count in [3, 2] {
            let images = try Self.images([count, 4, 12, 12])
            let (whole, parts) = (try Self.onePass(layers, images), try Self.oneByOne(layers, images))
            #expect(whole.shape == parts.shape)
            let difference = try (whole - parts).absolute().elements(Float.self).max()!
            #expect(difference < 1e-5)
            #expect(try whole.elements(Float.self) == Self.onePass(layers, images).elements(Float.self))
        }
    }

    /// What is kept of a weight is not used once the weight, or the statistics, are others.
    @Test(arguments: 0..<5) func changedWeightsAreSeen(_ kind: Int) throws {
        let generator = try Generator(seed: 2)
        let layers = try Self.chain(kind, generator: generator)
        for layer in layers { layer.train(false) }
        let images = try Self.images([2, 4, 12, 12])
        func check(_ what: String) throws {
            let difference = try (Self.onePass(layers, images) - Self.oneByOne(layers, images)).absolute().elements(Float.self).max()!
            #expect(difference < 1e-5, "\(what)")
        }
        try check("at first")
        for layer in layers {
            for (name, tensor) in layer.state {
                try tensor.copy(from: tensor * 1.5 + 0.01)
                try check(name)
            }
        }
        guard let norm = layers.dropFirst().first as? BatchNorm else { return }
        for layer in layers { layer.train() }
        _ = try LayerChain.apply(layers, to: images)
        for layer in layers { layer.train(false) }
        try check("after a step of training")
        #expect(norm.runningMean.tensor.count == 8)
    }

    /// Normalisation and rectifier while training: output, gradients and statistics are bit for bit those of the two layers.
    @Test(arguments: [0, 0.01]) func rectifiedTrainingIsTheSame(_ slope: Double) throws {
        let images = try Self.images([6, 16, 5, 5]).channelsLast()
        let weights = try Self.images([6, 16, 5, 5], seed: 9).channelsLast()
        func run(_ inOnePass: Bool) throws -> [[Float]] {
            let norm = try BatchNorm(16)
            let activation: any Layer = slope == 0 ? ReLU() : LeakyReLU(slope: slope)
            let source = try images.clone().requireGradient()
            let output = inOnePass ? try LayerChain.apply([norm, activation], to: source) : try activation(norm(source))
            let gradients = try (output * weights).sum().gradients(of: [source, norm.weight.tensor, norm.bias.tensor])
            return try ([output] + gradients.map { try #require($0) } + [norm.runningMean.tensor, norm.runningVariance.tensor])
                .map { try $0.elements(Float.self) }
        }
        #expect(try run(true) == run(false))
    }
}
