import Catalogue
import Foundation
import Testing

@testable import AnomalyDetection
@testable import Torch

struct MethodTests {
    struct Case: Decodable, Sendable {
        let name: String
        let method: String
        let channels: Int
        let depth: Int
        let input_size: Int
        let latent_size: Int
        let hidden_size: Int
        let width: Int
        let parameters: [Parameter]
        struct Parameter: Decodable, Sendable {
            let shape: [Int]
            let kind: String
        }
    }

    private struct File: Decodable { let cases: [Case] }

    /// How far the numbers of a case may be from PyTorch's, over the largest magnitude. Adam turns rounding noise in
    /// gradients that are truly zero (biases before batch normalisation) into whole steps, so what comes after the
    /// steps is compared loosely; the fixtures record how far PyTorch itself strays there.
    private struct Tolerance {
        var losses = 1e-5
        var scores = 2e-2

        init(_ name: String, usesPlainOperators: Bool) {
            // The absolute error's slope changes its sign where there is next to none.
            if name == "ae-l1" { losses = usesPlainOperators ? 1e-4 : 3e-4 }
            if name == "ae-deep-colour" { (losses, scores) = (2e-2, 0.1) }
        }
    }

    /// Output, loss, gradients, five steps of training, map and scores against PyTorch on the same weights.
    /// With PyTorch's own kernels, and with ours, which sum in another order.
    @Test(arguments: ["ae", "ae-l1", "ae-ssim", "vae", "ae-deep-colour"], [true, false])
    func matchesPyTorch(_ name: String, usesPlainOperators: Bool) throws {
        try LibTorch.$usesPlainOperators.withValue(usesPlainOperators) {
            try matchesPyTorch(name, Tolerance(name, usesPlainOperators: usesPlainOperators))
        }
    }

    private func matchesPyTorch(_ name: String, _ tolerance: Tolerance) throws {
        let item = try #require(Fixture.json("models", as: File.self).cases.first { $0.name == name })
        let fixture = try Fixture.safetensors("models")
        func given(_ part: String) throws -> [Double] { try #require(fixture["\(name)/\(part)"]).elements() }
        let (model, scorer) = try makeMethod(item)
        let parameters = model.network.namedParameters
        #expect(parameters.map(\.tensor.shape) == item.parameters.map(\.shape))
        for (index, parameter) in item.parameters.enumerated() {
            try parameters[index].tensor.copy(from: formulaTensor(parameter, index: index))
        }
        let images = try formulaImages(item)
        let noise = try Tensor(
            (0..<6 * item.latent_size).map { Float(0.9 * sin(1.7 * Double($0) + 0.3)) }, shape: [6, item.latent_size])
        func loss() throws -> Tensor {
            if let vae = model as? VAE { return try vae.loss(images, noise: noise) }
            return try #require(model as? ReconstructionModel).loss(images, generator: Generator(seed: 0))
        }
        func map() throws -> Tensor {
            model.network.train(false)
            defer { model.network.train() }
            return try Tensor.withoutGradients {
                if let scorer = scorer as? VariationalScorer { return try scorer.map(images, noise: noise) }
                return try #require(scorer.scores(images, generator: Generator(seed: 0)).map)
            }
        }
        expectClose(try map().elements(), try given("initial_map"), within: 2e-5, "map before training")

        let adam = try Adam(parameters)
        var losses: [Double] = []
        for step in 0..<5 {
            let value = try loss()
            adam.clearGradients()
            try value.backward()
            if step == 0 {
                let norms = try parameters.map { try #require($0.tensor.gradient).squared().sum().item().squareRoot() }
                expectClose(norms, try given("grad_norms"), within: 2e-5, "gradients")
            }
            try adam.step()
            losses.append(try value.item())
        }
        expectClose([losses[0]], try given("loss"), within: 2e-6, "loss")
        expectClose(losses, try given("losses"), within: tolerance.losses, "losses")
        let scores = try map().mean(axes: [1, 2, 3]).elements(Double.self)
        expectClose(try map().elements(), try given("map"), within: tolerance.scores, "map")
        expectClose(scores, try given("scores"), within: tolerance.scores, "scores")
    }

    private func makeMethod(_ item: Case) throws -> (model: any Model, scorer: any Scorer) {
        let method = try #require(MethodRegistry.method(item.method))
        let settings = method.description.resolve(
            [
                "color": .text(item.channels == 3 ? "rgb" : "grey"), "depth": .integer(item.depth),
                "input_size": .integer(item.input_size), "latent_size": .integer(item.latent_size),
                "hidden_size": .integer(item.hidden_size), "width": .integer(item.width),
            ], for: .custom("fixture"))
        return try method.make(
            MethodSettings(settings),
            context: ModelContext(
                generator: Generator(seed: 0), data: DataShape(count: 6, channels: item.channels, side: item.input_size)))
    }

    /// The formulas that `models.json` documents.
    private func formulaTensor(_ parameter: Case.Parameter, index: Int) throws -> Tensor {
        let count = parameter.shape.reduce(1, *)
        let values = (0..<count).map { place -> Float in
            let i = Double(place)
            let wave = sin(0.37 * i + 1.3 * Double(index) + 0.5327 * i * i)
            return switch parameter.kind {
            case "norm_weight": Float(1 + 0.1 * wave)
            case "norm_bias": Float(0.1 * wave)
            default: Float(0.2 * wave)
            }
        }
        return try Tensor(values, shape: parameter.shape)
    }

    private func formulaImages(_ item: Case) throws -> Tensor {
        let size = item.channels * item.input_size * item.input_size
        let values = (0..<6 * size).map { place -> Float in
            let phase = 0.05 * Double(place % size) + 0.7 * Double(place / size)
            return Float(0.8 * sin(phase))
        }
        return try Tensor(values, shape: [6, item.channels, item.input_size, item.input_size])
    }

    // MARK: Initialisation and size

    struct Initial: Decodable {
        let parameter_counts: [String: Int]
        let parameters: [Parameter]
        struct Parameter: Decodable {
            let name: String
            let shape: [Int]
            let mean: Double
            let std: Double
            let min: Double
            let max: Double
        }
    }

    private static let study = BackboneShape(
        channels: 1, inputSize: 64, latentSize: 16, hiddenSize: 1024, width: 1, depth: 1)

    /// The study's parameter counts.
    @Test func parameterCounts() throws {
        let generator = try Generator(seed: 0)
        func count(_ change: (inout BackboneShape) -> Void) throws -> Int {
            var shape = Self.study
            change(&shape)
            return try Autoencoder(shape, generator: generator).parameterCount
        }
        #expect(try count { _ in } == 2_351_184)
        #expect(try count { $0.channels = 3 } == 2_352_208)
        #expect(try count { $0.depth = 2 } == 2_522_384)
        #expect(try count { $0.depth = 3 } == 2_693_584)
        #expect(try count { $0.width = 2 } == 5_089_424)
        #expect(try count { $0.inputSize = 128 } == 8_645_712)
        #expect(try count { $0.latentSize = 1 } == 2_320_449)
        #expect(try count { $0.latentSize = 128 } == 2_580_672)
        #expect(try VariationalAutoencoder(Self.study, generator: generator).parameterCount == 2_367_584)
    }

    /// The initial weights have PyTorch's distribution; drawn by libtorch's own generator in PyTorch's order, they
    /// are even its very numbers.
    @Test func initialisationIsPyTorchs() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/initialisation", withExtension: "json"))
        let expected = try JSONDecoder().decode(Initial.self, from: Data(contentsOf: url))
        let first = try Fixture.safetensors("initialisation")
        let network = try Autoencoder(Self.study, generator: Generator(seed: 7))
        let parameters = network.namedParameters
        try #require(parameters.count == expected.parameters.count)
        for ((name, tensor), fixture) in zip(parameters, expected.parameters) {
            let values = try tensor.elements(Double.self)
            #expect(tensor.shape == fixture.shape, "\(name)")
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            #expect(abs(mean - fixture.mean) < 1e-6, "\(name)")
            #expect(abs(variance.squareRoot() - fixture.std) < 1e-6, "\(name)")
            #expect(values.min() == fixture.min && values.max() == fixture.max, "\(name)")
            let start = try #require(first[fixture.name]).elements(Double.self)
            #expect(Array(values.prefix(start.count)) == start, "\(name)")
        }
    }
}
