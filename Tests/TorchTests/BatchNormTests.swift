import Testing

@testable import Torch

/// Batch normalisation of channels that lie side by side, against the definition in double precision. Of other layouts see
/// ``LayerTests``.
struct BatchNormTests {
    private struct Pass {
        var output: Tensor
        var gradients: [Tensor]
        var mean: Tensor
        var variance: Tensor
    }

    private static let shapes = [[3, 4, 5, 6], [16, 16, 32, 32], [7, 37, 9, 5], [200, 3, 8, 8], [64, 100], [6, 5], [5, 1, 3, 3]]

    private func draws(_ shape: [Int]) throws -> (input: Tensor, cotangent: Tensor, weight: Tensor, bias: Tensor) {
        let generator = try Generator(seed: 9)
        func arranged(_ tensor: Tensor) throws -> Tensor { shape.count == 4 ? try tensor.channelsLast() : tensor }
        // Channels far from zero are where sums lose most.
        return (
            try arranged(Tensor.normal(shape, generator: generator) * 0.7 + 3),
            try arranged(Tensor.normal(shape, generator: generator) + 0.2),
            try Tensor.uniform([shape[1]], generator: generator) + 0.5, try Tensor.normal([shape[1]], generator: generator)
        )
    }

    private func pass(_ shape: [Int]) throws -> Pass {
        let (input, cotangent, weight, bias) = try draws(shape)
        let norm = try BatchNorm(shape[1])
        try norm.weight.tensor.copy(from: weight)
        try norm.bias.tensor.copy(from: bias)
        try input.requireGradient()
        let output = try norm(input)
        let gradients = try (output * cotangent).sum().gradients(of: [input, norm.weight.tensor, norm.bias.tensor])
        return Pass(
            output: output, gradients: gradients.compactMap(\.self), mean: norm.runningMean.tensor,
            variance: norm.runningVariance.tensor)
    }

    /// The definition, differentiated operator by operator.
    private func reference(_ shape: [Int]) throws -> Pass {
        let (input, cotangent, weight, bias) = try draws(shape)
        let x = try input.to(.double).requireGradient()
        let (w, b) = (try weight.to(.double).requireGradient(), try bias.to(.double).requireGradient())
        let axes = [0] + Array(2..<max(2, shape.count)).filter { $0 < shape.count }
        let wide = [1, shape[1]] + [Int](repeating: 1, count: shape.count - 2)
        let centred = try x - x.mean(axes: axes, keepingDimensions: true)
        let variance = try centred.squared().mean(axes: axes, keepingDimensions: true)
        let output = try centred / (variance + 1e-5).squareRoot() * w.reshaped(wide) + b.reshaped(wide)
        let gradients = try (output * cotangent.to(.double)).sum().gradients(of: [x, w, b])
        let count = Double(x.count / shape[1])
        return Pass(
            output: output, gradients: gradients.compactMap(\.self), mean: try x.mean(axes: axes) * 0.1,
            variance: try variance.reshaped([-1]) * (0.1 * count / (count - 1)) + 0.9)
    }

    @Test(arguments: shapes) func isExact(_ shape: [Int]) throws {
        let (own, exact) = (try pass(shape), try reference(shape))
        try expectClose(own.output, exact.output, within: 4e-7, "output")
        try expectClose(own.mean, exact.mean, within: 2e-7, "running mean")
        try expectClose(own.variance, exact.variance, within: 2e-7, "running variance")
        for (index, name) in ["input", "weight", "bias"].enumerated() {
            try expectClose(own.gradients[index], exact.gradients[index], within: 1e-6, "gradient of the \(name)")
        }
    }

    /// The gradient's own gradient is that of libtorch's batch normalisation.
    @Test func secondDerivatives() throws {
        let shape = [4, 6, 5, 5]
        func penalty(plain: Bool) throws -> [Tensor] {
            let (input, cotangent, weight, bias) = try draws(shape)
            let x = plain ? try input.contiguous() : input
            try x.requireGradient()
            let norm = try BatchNorm(6)
            try norm.weight.tensor.copy(from: weight)
            try norm.bias.tensor.copy(from: bias)
            let slope = try #require(try (norm(x).squared() * cotangent).sum().gradients(of: [x], differentiable: true)[0])
            return try slope.squared().sum().gradients(of: [x, norm.weight.tensor, norm.bias.tensor]).compactMap(\.self)
        }
        let (own, plain) = (try penalty(plain: false), try penalty(plain: true))
        #expect(own.count == 3)
        for (one, other) in zip(own, plain) { try expectClose(one, other, within: 2e-5, "second derivative") }
    }

    /// Frozen weights, and an input that needs no gradient.
    @Test func frozenParts() throws {
        let (input, cotangent, _, _) = try draws([4, 6, 5, 5])
        let norm = try BatchNorm(6)
        try norm.bias.tensor.requireGradient(false)
        let gradients = try (norm(input) * cotangent).sum().gradients(of: [norm.weight.tensor])
        #expect(gradients[0]?.shape == [6])
        try norm.weight.tensor.requireGradient(false)
        #expect(try norm(input).requiresGradient == false)
    }

    /// An infinite element spoils its channel's statistics only.
    @Test func infinities() throws {
        let (input, _, _, _) = try draws([4, 6, 5, 5])
        try input.narrowed(axis: 1, start: 2, length: 1).fill(.infinity)
        let output = try BatchNorm(6)(input)
        #expect(try output.narrowed(axis: 1, start: 0, length: 2).isFinite())
        #expect(try !output.isFinite())
    }
}

extension SerialTests {
    /// Statistics are the same bits on any number of threads.
    @Test func batchNormOnThreads() throws {
        let before = LibTorch.threads
        defer { LibTorch.threads = before }
        let input = try Tensor.normal([16, 16, 32, 32], generator: Generator(seed: 3)).channelsLast()
        let outputs = try [1, 2, 3].map { threads in
            LibTorch.threads = threads
            return try BatchNorm(16)(input).elements(Float.self)
        }
        #expect(outputs[1] == outputs[0] && outputs[2] == outputs[0])
    }
}

/// Tests of settings of the whole process.
@Suite(.serialized) struct SerialTests {}
