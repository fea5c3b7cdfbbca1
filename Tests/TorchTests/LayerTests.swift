import Testing

@testable import Torch

/// Every layer against PyTorch: output, and the gradients of sum(output * cotangent).
struct LayerTests {
    private static let cases = [
        "linear", "conv4s2p1", "conv3p1", "conv3p1_bias", "conv1", "deconv4s2p1", "batchnorm2d_train",
        "batchnorm2d_eval", "batchnorm1d_train", "batchnorm1d_eval", "relu", "deconv2s2_bias", "wsconv3", "pooledconv3", "groupnorm2",
        "layernorm", "imagenorm", "reflectionpad1", "averagepool2", "nearest2", "sigmoid", "tanh", "swish",
    ]

    @Test(arguments: cases) func matchesPyTorch(_ name: String) throws {
        let fixture = try Fixture.safetensors("layers")
        func given(_ part: String) -> Tensor? { fixture["\(name)/\(part)"] }
        let layer = try makeLayer(name, weight: given("weight"))
        for (key, tensor) in layer.state {
            let source = switch key {
            case "running_mean": given("running_mean_in") ?? tensor
            case "running_variance": given("running_var_in") ?? tensor
            default: given(key)
            }
            try tensor.copy(from: #require(source, "\(key)"))
        }
        layer.train(!name.hasSuffix("_eval"))
        let input = try #require(given("input")).requireGradient()
        let output = try layer(input)
        try expectClose(output, #require(given("output")), within: 1e-6, "output")
        try (output * #require(given("cotangent"))).sum().backward()
        try expectClose(#require(input.gradient), #require(given("grad_input")), within: 2e-6, "input's gradient")
        for (key, tensor) in layer.namedParameters {
            try expectClose(
                #require(tensor.gradient), #require(given("grad_\(key)")), within: 2e-6, "gradient of \(key)")
        }
        if let norm = layer as? BatchNorm, !norm.usesImageStatistics {
            try expectClose(norm.runningMean.tensor, #require(given("running_mean_out")), within: 1e-6, "mean")
            try expectClose(norm.runningVariance.tensor, #require(given("running_var_out")), within: 1e-6, "variance")
        }
    }

    private func makeLayer(_ name: String, weight: Tensor?) throws -> any Layer {
        let generator = try Generator(seed: 1)
        let shape = weight?.shape ?? []
        return switch name {
        case "linear": try Linear(shape[1], shape[0], generator: generator)
        case "conv4s2p1":
            try Convolution(shape[1], shape[0], kernel: 4, stride: 2, padding: 1, bias: false, generator: generator)
        case "conv3p1": try Convolution(shape[1], shape[0], kernel: 3, padding: 1, bias: false, generator: generator)
        case "conv3p1_bias": try Convolution(shape[1], shape[0], kernel: 3, padding: 1, generator: generator)
        case "conv1": try Convolution(shape[1], shape[0], kernel: 1, bias: false, generator: generator)
        case "deconv4s2p1":
            try TransposedConvolution(
                shape[0], shape[1], kernel: 4, stride: 2, padding: 1, bias: false, generator: generator)
        case "relu": ReLU()
        case "deconv2s2_bias": try TransposedConvolution(shape[0], shape[1], kernel: 2, stride: 2, generator: generator)
        case "wsconv3": try WeightStandardisedConvolution(shape[1], shape[0], kernel: 3, generator: generator)
        case "pooledconv3": try MeanPooledConvolution(shape[1], shape[0], kernel: 3, padding: 1, generator: generator)
        case "groupnorm2": try GroupNorm(shape[0], groups: 2)
        case "layernorm": try LayerNorm(shape)
        case "imagenorm": try imageNorm(shape[0])
        case "reflectionpad1": ReflectionPad(1)
        case "averagepool2": AveragePool(2)
        case "nearest2": NearestUpsampling(2)
        case "sigmoid": Sigmoid()
        case "tanh": Tanh()
        case "swish": Swish()
        default: try BatchNorm(shape[0])
        }
    }

    private func imageNorm(_ channels: Int) throws -> BatchNorm {
        let norm = try BatchNorm(channels)
        norm.usesImageStatistics = true
        return norm
    }

    @Test func batchNormRefusesOneValueAChannel() throws {
        let norm = try BatchNorm(3)
        #expect(throws: TorchError.self) { try norm(Tensor.zeros([1, 3])) }
        norm.train(false)
        #expect(try norm(Tensor.zeros([1, 3])).shape == [1, 3])
        norm.usesImageStatistics = true
        #expect(throws: TorchError.self) { try norm(Tensor.zeros([4, 3, 1, 1])) }
    }
}

extension LayerTests {
    /// Operations that are no layers.
    @Test func operationsMatchPyTorch() throws {
        let fixture = try Fixture.safetensors("layers")
        func check(_ name: String, _ operation: (Tensor) throws -> Tensor) throws {
            func given(_ part: String) throws -> Tensor { try #require(fixture["\(name)/\(part)"]) }
            let input = try given("input").requireGradient()
            let output = try operation(input)
            try expectClose(output, given("output"), within: 1e-6, name)
            let gradient = try (output * given("cotangent")).sum().gradients(of: [input])[0]
            try expectClose(#require(gradient), given("grad_input"), within: 2e-6, "\(name)'s gradient")
            #expect(input.gradient == nil)
        }
        try check("softmax") { try $0.softmax(axis: 1) }
        try check("aligned9x7") { try $0.resizedBilinear(height: 9, width: 7, aligningCorners: true) }
    }

    /// The interleaved form of the transposed convolution is the same function, whatever libtorch prefers it.
    @Test func interleavedTransposedConvolution() throws {
        let fixture = try Fixture.safetensors("layers")
        func given(_ part: String) throws -> Tensor { try #require(fixture["deconv4s2p1/\(part)"]) }
        let input = try given("input").requireGradient()
        let weight = try given("weight").requireGradient()
        let output = try TransposedConvolution.interleaved(input, weight: weight, bias: nil)
        try expectClose(output, given("output"), within: 1e-6, "output")
        try (output * given("cotangent")).sum().backward()
        try expectClose(#require(input.gradient), given("grad_input"), within: 2e-6, "input's gradient")
        try expectClose(#require(weight.gradient), given("grad_weight"), within: 2e-6, "weight's gradient")
        let bias = try Tensor([1, 2, 3] as [Float])
        let shifted = try TransposedConvolution.interleaved(input, weight: weight, bias: bias)
        try expectClose(shifted, output + bias.reshaped([1, 3, 1, 1]), within: 1e-6, "bias")
    }
}
