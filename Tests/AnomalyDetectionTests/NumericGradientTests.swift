import Catalogue
import Foundation
import Testing

@testable import AnomalyDetection
@testable import Torch

/// Gradients of formulas of our own against differences of the functions themselves.
struct NumericGradientTests {
    /// Compares the derivative of `function` along the direction of a sine, for each of `tensors` that it depends on.
    private func check(_ tensors: [Tensor], step: Double = 5e-3, _ function: () throws -> Tensor) throws {
        let gradients = try function().gradients(of: tensors)
        for (tensor, gradient) in zip(tensors, gradients) {
            let direction = try Tensor(
                (0..<tensor.count).map { place -> Float in Float(sin(1.3 * Double(place) + 0.4)) }, shape: tensor.shape)
            let expected = try (#require(gradient) * direction).sum().item()
            let before = try tensor.detached().clone()
            try tensor.copy(from: before + direction * step)
            let above = try function().item()
            try tensor.copy(from: before - direction * step)
            let below = try function().item()
            try tensor.copy(from: before)
            let actual = (above - below) / (2 * step)
            #expect(abs(actual - expected) <= 1e-2 * max(abs(expected), 1e-3), "\(actual), not \(expected)")
        }
    }

    private func wave(_ shape: [Int], _ scale: Double) throws -> Tensor {
        let values = (0..<shape.reduce(1, *)).map { place -> Float in
            let i = Double(place)
            return Float(scale * sin(0.37 * i + 0.53 * i * i))
        }
        return try Tensor(values, shape: shape)
    }

    /// The shrunken attention of MemAE's memory.
    @Test(arguments: [0, 0.0025, 0.1]) func memory(_ threshold: Double) throws {
        let memory = try Memory(slots: 5, latentSize: 4, shrinkThreshold: threshold, generator: Generator(seed: 1))
        let codes = try wave([3, 4], 1.5).requireGradient()
        let target = try wave([3, 4], 0.5)
        try check([codes, memory.weight.tensor]) {
            let (found, attention) = try memory(codes)
            return try (found - target).squared().mean() + MemAE.entropy(attention) * 0.1
        }
    }

    /// The gradient penalty, whose own gradient is a second derivative, by weights that come after the last ReLU: a change of
    /// others makes the critic's slope jump, where there is no derivative.
    @Test func gradientPenalty() throws {
        let settings = try #require(Catalogue.method("f-anogan")).resolve(
            ["base_channels": 2, "input_size": 16, "latent_size": 3], for: .custom("any"))
        let method = try FAnoGAN(
            MethodSettings(settings),
            context: ModelContext(generator: Generator(seed: 2), data: DataShape(count: 2, channels: 1, side: 16)))
        let (images, fakes) = (try wave([2, 1, 16, 16], 0.8), try wave([2, 1, 16, 16], 0.3) * 0.5)
        let mixture = try Tensor([0.3, 0.6] as [Float], shape: [2, 1, 1, 1])
        let critic = method.parts.discriminator
        let block = "features.blocks.layers.3."
        let names = ["linear.weight", block + "main.layers.5.weight", block + "shortcut.layers.1.weight"]
        let weights = critic.trainableParameters.filter { names.contains($0.name) }
        #expect(weights.count == 3)
        try check(weights.map(\.tensor), step: 5e-3) {
            try method.gradientPenalty(images, fakes: fakes, mixture: mixture)
        }
    }

    /// AE-Grad's map, pixel by pixel: each image's own derivative, whatever else is in the batch.
    @Test func gradientMap() throws {
        let settings = try #require(Catalogue.method("ae-grad")).resolve(
            ["input_size": 16, "hidden_size": 8, "latent_size": 2], for: .custom("any"))
        let (model, scorer) = try Method.aeGrad.make(
            MethodSettings(settings),
            context: ModelContext(generator: Generator(seed: 3), data: DataShape(count: 3, channels: 1, side: 16)))
        let autoencoder = try #require(model as? AE).autoencoder
        model.network.train(false)
        let images = try wave([3, 1, 16, 16], 0.8)
        let map = try #require(scorer.scores(images, generator: Generator(seed: 0)).map).elements(Double.self)
        let pixels = try images.elements(Float.self)
        for place in [300, 301, 256 + 77, 511] {
            func loss(_ change: Float) throws -> Double {
                var image = Array(pixels[256..<512])
                image[place - 256] += change
                let tensor = try Tensor(image, shape: [1, 1, 16, 16])
                return try Distance.squared.loss(tensor, autoencoder(tensor)).item()
            }
            let slope = abs(try loss(0.05) - loss(-0.05)) / 0.1
            #expect(abs(slope - map[place]) <= 1e-2 * map[place] + 1e-5, "\(slope), not \(map[place])")
        }
    }
}
