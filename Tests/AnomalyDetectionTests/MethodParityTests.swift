import Catalogue
import Foundation
import Testing

@testable import AnomalyDetection
@testable import Torch

/// Every method against a restatement of its equations in PyTorch in double precision (`Tests/Reference/make_methods.py`): scores,
/// map, each term of the losses, gradients, and one step of the optimisers.
struct MethodParityTests {
    struct Case: Decodable, Sendable {
        let name: String
        let method: String
        let options: [String: Setting]
        let images: Int
        let weight_scale: Double
        let parameters: [MethodTests.Case.Parameter]
        let scores: [Double]
        let map: Digest?
        let terms: [String: Double]
        let gradients: [Double]
        let stepped: [Step]
        let terms_after: [String: Double]

        struct Digest: Decodable, Sendable {
            let count: Int
            let mean: Double
            let rms: Double
            let wave: Double
            let elements: [Double]
        }

        struct Step: Decodable, Sendable {
            let places: [Int]
            let values: [Double]
        }
    }

    private struct File: Decodable {
        let cases: [Case]
        let parameter_counts: [String: Int]
    }

    static let names = [
        "ae-spatial", "constrained-ae", "memae", "memae-shrunk", "ceae", "ae-u", "ganomaly", "dae", "dae-everywhere",
        "dae-image", "f-anogan", "ae-grad", "vae-grad-rec", "vae-grad-kl", "vae-grad-elbo", "vae-grad-combi",
    ]

    /// With PyTorch's own kernels, to 1e-5. Ours sum in another order: with the channels side by side PyTorch itself is as far from its
    /// gradients in double precision as 1.2e-5, and Adam's steps with them.
    @Test(arguments: names, [true, false]) func matchesPyTorch(_ name: String, usesPlainOperators: Bool) throws {
        try LibTorch.$usesPlainOperators.withValue(usesPlainOperators) {
            try matchesPyTorch(name, tolerance: usesPlainOperators ? 1e-5 : 3e-5)
        }
    }

    private func matchesPyTorch(_ name: String, tolerance: Double) throws {
        let item = try #require(Fixture.json("methods", as: File.self).cases.first { $0.name == name })
        let (model, scorer) = try Self.method(item.method, item.options)
        let parameters = model.network.namedParameters
        #expect(parameters.map(\.tensor.shape) == item.parameters.map(\.shape))
        for (index, parameter) in item.parameters.enumerated() {
            try parameters[index].tensor.copy(from: Self.weights(parameter, index: index, scale: item.weight_scale))
        }
        let images = try Self.images(item)

        model.network.train(false)
        let result = try Self.scores(scorer, images)
        expectClose(try result.scores.elements(), item.scores, within: 1e-5, "scores")
        #expect((result.map == nil) == (item.map == nil))
        if let map = result.map, let digest = item.map {
            #expect(map.shape == [item.images, 1, images.shape[2], images.shape[3]])
            try expect(map, digest)
        }

        model.network.train()
        let terms = try Self.terms(model, images)
        #expect(Set(terms.values.keys) == Set(item.terms.keys))
        for (key, value) in item.terms { expectClose([try terms.values[key]!.item()], [value], within: 1e-5, key) }
        let optimisers = try Self.optimisers(model)
        var gradients: [String: Double] = [:]
        for (key, prefix, _) in terms.steps {
            let members = parameters.filter { $0.name.hasPrefix(prefix) }
            let loss = terms.values[key]!
            for (member, gradient) in zip(members, try loss.gradients(of: members.map(\.tensor), keepingGraph: true)) {
                gradients[member.name] = try gradient?.squared().sum().item().squareRoot() ?? 0
            }
        }
        expectClose(parameters.map { gradients[$0.name] ?? .nan }, item.gradients, within: tolerance, "gradients")

        for (key, _, optimiser) in terms.steps {
            try #require(optimisers[optimiser]).step(minimising: terms.values[key]!, keepingGraph: true)
        }
        for ((parameterName, tensor), step) in zip(parameters, item.stepped) where !step.places.isEmpty {
            let values = try tensor.elements(Double.self)
            expectClose(step.places.map { values[$0] }, step.values, within: tolerance, "\(parameterName) after a step")
        }
        let after = try Self.terms(model, images).values
        for (key, value) in item.terms_after {
            // Biases ahead of a batch normalisation have no gradient but rounding noise, of which Adam makes whole steps; what
            // is in evaluation mode notices.
            let tolerance = key == "encoder" ? 1e-3 : tolerance
            expectClose([try after[key]!.item()], [value], within: tolerance, "\(key) after a step")
        }
    }

    /// A digest's numbers, over the root mean square or, of elements, over the largest.
    private func expect(_ map: Tensor, _ digest: Case.Digest) throws {
        let values = try map.elements(Double.self)
        try #require(values.count == digest.count)
        let count = Double(values.count)
        let sums = [
            values.reduce(0, +) / count, (values.reduce(0) { $0 + $1 * $1 } / count).squareRoot(),
            values.enumerated().reduce(0) { $0 + $1.element * cos(0.7 * Double($1.offset)) } / count,
        ]
        expectClose(sums, [digest.mean, digest.rms, digest.wave], within: 1e-5, "map")
        let elements = (0..<12).map { values[$0 * (values.count - 1) / 11] }
        expectClose(elements, digest.elements, within: 1e-5, "elements of the map")
    }

    // MARK: Methods with given random numbers

    /// The terms by their names in the fixture, and which is minimised by what: (term, prefix of its parameters' names, name
    /// of the optimiser).
    private struct Terms {
        var values: [String: Tensor]
        var steps = [("loss", "", "")]
    }

    private static func terms(_ model: any Model, _ images: Tensor) throws -> Terms {
        let count = images.shape[0]
        switch model {
        case let method as VAE:
            return Terms(values: ["loss": try method.loss(images, noise: wave([count, method.autoencoder.latentSize]))])
        case let method as CeAE:
            let corners = (0..<count).map { (row: 3 * $0 + 1, column: 2 * $0) }
            return Terms(values: ["loss": try method.loss(images, corners: corners)])
        case let method as DAE:
            return Terms(values: [
                "loss": try method.loss(images, grid: wave([count, images.shape[1], 5, 5]), down: 5, right: 9)
            ])
        case let method as ConstrainedAE:
            let loss = try method.loss(images, generator: Generator(seed: 0))
            return Terms(values: ["loss": loss, "code": try method.codeDistance(images).distance])
        case let method as MemAE:
            let loss = try method.loss(images)
            return Terms(values: ["loss": loss, "entropy": try MemAE.entropy(method.autoencoder(images).attention)])
        case let method as GANomaly:
            let losses = try method.losses(images)
            return Terms(
                values: [
                    "loss": try method.generatorLoss(losses), "features": losses.features,
                    "reconstruction": losses.reconstruction, "code": losses.code, "discriminator": losses.discriminator,
                ],
                steps: [
                    ("loss", "parts.generator.", "generator"), ("discriminator", "parts.discriminator.", "discriminator"),
                ])
        case let method as FAnoGAN:
            let codes = try wave([count, 6])
            let mixture = try Tensor(
                (0..<count).map { Float((0.3 + 0.17 * Double($0)).truncatingRemainder(dividingBy: 1)) }, shape: [count, 1, 1, 1])
            // What the critic's loss sees, without the running statistics of that pass.
            let running = try method.parts.generator.state.map { (tensor: $0.tensor, before: try $0.tensor.clone()) }
            let fakes = try Tensor.withoutGradients { try method.parts.generator(codes) }
            for (tensor, before) in running { try tensor.copy(from: before) }
            let penalty = try method.gradientPenalty(images, fakes: fakes, mixture: mixture)
            let critic = try method.criticLoss(images, codes: codes, mixture: mixture)
            let generator = try method.generatorLoss(codes: codes)
            method.parts.generator.train(false)
            defer { method.parts.generator.train() }
            return Terms(
                values: [
                    "loss": critic, "penalty": penalty,
                    "generator": generator, "encoder": try method.encoderLoss(images),
                ],
                // None may change weights that the history of the next still needs.
                steps: [
                    ("encoder", "encoder.", "encoder"), ("generator", "generator.", "generator"),
                    ("loss", "discriminator.", "discriminator"),
                ])
        case let method as AEU: return Terms(values: ["loss": try method.loss(images)])
        default:
            let single = try #require(model as? ReconstructionModel)
            return Terms(values: ["loss": try single.loss(images, generator: Generator(seed: 0))])
        }
    }

    /// Those of all stages, by their names.
    private static func optimisers(_ model: any Model) throws -> [String: any Optimiser] {
        var result: [String: any Optimiser] = [:]
        for case .gradient(let stage) in try model.stages {
            for (name, optimiser) in try stage.makeOptimisers().all { result[name.isEmpty && result[""] != nil ? stage.name : name] = optimiser }
            // A single one of a stage of its own goes by the stage's name.
            if try model.stages.count > 1, let only = result.removeValue(forKey: "") { result[stage.name] = only }
        }
        return result
    }

    private static func scores(_ scorer: any Scorer, _ images: Tensor) throws -> AnomalyScores {
        if let scorer = scorer as? VariationalScorer {
            let map = try scorer.map(images, noise: wave([images.shape[0], scorer.model.autoencoder.latentSize]))
            return AnomalyScores(scores: try map.mean(axes: [1, 2, 3]), map: map)
        }
        if scorer.needsGradients { return try scorer.scores(images, generator: Generator(seed: 0)) }
        return try Tensor.withoutGradients { try scorer.scores(images, generator: Generator(seed: 0)) }
    }

    // MARK: Formulas

    private static func method(_ name: String, _ options: [String: Setting]) throws -> (model: any Model, scorer: any Scorer) {
        var settings = options
        settings["color"] = options["channels"] == 3 ? "rgb" : "grey"
        let method = try #require(MethodRegistry.method(name))
        let values = MethodSettings(method.description.resolve(settings, for: .custom("fixture")))
        return try method.make(
            values,
            context: ModelContext(
                generator: Generator(seed: 0), data: DataShape(count: 3, channels: values.channels, side: values.inputSize)))
    }

    private static func wave(_ shape: [Int]) throws -> Tensor {
        try Tensor((0..<shape.reduce(1, *)).map { Float(0.9 * sin(1.7 * Double($0) + 0.3)) }, shape: shape)
    }

    private static func weights(_ parameter: MethodTests.Case.Parameter, index: Int, scale: Double) throws -> Tensor {
        let values = (0..<parameter.shape.reduce(1, *)).map { place -> Float in
            let i = Double(place)
            let wave = sin(0.37 * i + 1.3 * Double(index) + 0.5327 * i * i)
            return switch parameter.kind {
            case "norm_weight": Float(1 + 0.1 * wave)
            case "norm_bias": Float(0.1 * wave)
            default: Float(scale * wave)
            }
        }
        return try Tensor(values, shape: parameter.shape)
    }

    private static func images(_ item: Case) throws -> Tensor {
        let (channels, side) = (item.options["channels"]!.integerValue!, item.options["input_size"]!.integerValue!)
        let size = channels * side * side
        let values = (0..<item.images * size).map { place -> Float in
            let value = 0.8 * sin(0.05 * Double(place % size) + 0.7 * Double(place / size))
            return Float(item.method == "dae" ? max(value, 0.1 * Double(place / size) - 0.5) : value)
        }
        return try Tensor(values, shape: [item.images, channels, side, side])
    }

    // MARK: Sizes

    /// The study's parameter counts as it counts them, which the restated networks have too.
    @Test func parameterCounts() throws {
        let counts = try Fixture.json("methods", as: File.self).parameter_counts
        func count(_ name: String, _ options: Settings = [:]) throws -> Int {
            try Self.method(name, options).model.network.parameterCount
        }
        #expect(try count("ae-spatial") == 382_016)
        #expect(try count("ae-spatial", ["hidden_size": 64, "latent_size": 1]) == 222_656)
        #expect(try count("ae-spatial", ["hidden_size": 64, "latent_size": 2]) == 222_784)
        #expect(try count("memae") == 2_351_584)
        #expect(try count("ae-u") == 2_351_440)
        #expect(try count("ae-u", ["channels": 3]) == 2_352_976)
        #expect(try count("ganomaly") == 3_520_192 + 1_157_729)
        #expect(try count("dae") == 31_042_369)
        #expect(try count("dae", ["channels": 3]) == 31_043_651)
        #expect(try count("f-anogan") == 28_485_698)
        for (name, expected) in counts where !name.contains(" ") && name != "dae" {
            #expect(try count(name) == expected, "\(name)")
        }
    }
}
