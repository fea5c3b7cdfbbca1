import Testing

@testable import Torch

/// Every layer against PyTorch: output, and the gradients of sum(output * cotangent).
struct LayerTests {
    private static let cases = [
        "linear", "conv4s2p1", "conv3p1", "conv3p1_bias", "conv1", "deconv4s2p1", "batchnorm2d_train",
        "batchnorm2d_eval", "batchnorm1d_train", "batchnorm1d_eval", "relu",
    ]

    @Test(arguments: cases) func matchesPyTorch(_ name: String) throws {
        let fixture = try Fixture.safetensors("layers")
        func given(_ part: String) -> Tensor? { fixture["\(name)/\(part)"] }
        let layer = try makeLayer(name, weight: given("weight"))
        for (key, tensor) in layer.state {
            let source = switch key {
            case "running_mean": given("running_mean_in")
            case "running_variance": given("running_var_in")
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
        if let norm = layer as? BatchNorm {
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
        default: try BatchNorm(shape[0])
        }
    }

    @Test func batchNormRefusesOneValueAChannel() throws {
        let norm = try BatchNorm(3)
        #expect(throws: TorchError.self) { try norm(Tensor.zeros([1, 3])) }
        norm.train(false)
        #expect(try norm(Tensor.zeros([1, 3])).shape == [1, 3])
    }
}

extension LayerTests {
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
