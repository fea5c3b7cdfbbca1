import Catalogue
import TestSupport
import Testing

@testable import AnomalyDetection
@testable import Torch

/// Vision transformers, and what is built on them, against PyTorch restatements (`make_transformers.py`).
@Suite struct TransformerTests {
    private static func expected(_ key: String) throws -> Tensor { try #require(Fixture.safetensors("transformers")[key]) }

    private static func compare(
        _ actual: [Double], _ key: String, within tolerance: Double? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let spread = try Fixture.json("transformers-spread", as: [String: Double].self)[key] ?? 0
        expectClose(
            actual, try expected(key).elements(), within: tolerance ?? max(1e-5, 4 * spread), key, sourceLocation: sourceLocation)
    }

    /// As the script does: norms and scales begin at 1.
    private static func fill(_ network: Module) throws {
        for (index, (name, tensor)) in network.state.enumerated() {
            let parts = name.split(separator: ".")
            let isNorm = parts.last == "gamma" || parts.dropLast().last?.hasPrefix("norm") == true
            let (scale, shift): (Double, Double) = parts.last == "bias" ? (0.1, 0) : isNorm
                ? (0.1, 1) : ((6 / Double(max(tensor.shape.dropFirst().reduce(1, *), 1))).squareRoot(), 0)
            try tensor.copy(from: FeatureFormulas.values(tensor.shape, tensor: index, scale: scale, shift: shift))
        }
    }

    private static func images(_ count: Int) throws -> Tensor { try FeatureFormulas.images(count, channels: 3, side: 56) }

    @Test(arguments: [("plain", 0), ("registers", 4)]) func transformersArePyTorchs(_ kind: String, _ registers: Int) async throws {
        try await offPool {
            let network = try VisionTransformer(
                .init(width: 24, depth: 3, heads: 2, registers: registers), generator: Generator(seed: 1))
            try Self.fill(network)
            network.train(false)
            try Tensor.withoutGradients {
                let images = try Self.images(2)
                let outputs = try network.outputs(images, blocks: 3, positions: .offset)
                #expect(outputs.map(\.shape) == [[Int]](repeating: [2, 17 + registers, 24], count: 3))
                try Self.compare(FeatureFormulas.sampled(outputs[0]), "vit/\(kind)/block0")
                try Self.compare(FeatureFormulas.sampled(outputs[2]), "vit/\(kind)/block2")
                try Self.compare(FeatureFormulas.sampled(network.patches(images)), "vit/\(kind)/patches")
                #expect(try network.features(images)[0].shape == [2, 24, 4, 4])
            }
        }
    }

    /// The published files' names and shapes, and their numbers of parameters.
    @Test func namesArePublished() async throws {
        try await offPool {
            let network = try VisionTransformer(.init(width: 384, depth: 12, heads: 6, registers: 4), generator: Generator(seed: 1))
            #expect(network.parameterCount == 22_056_576 + 1536)
            let shapes = Dictionary(uniqueKeysWithValues: network.state.map { (network.publishedName(of: $0.name), $0.tensor.shape) })
            let some: [String: [Int]] = [
                "cls_token": [1, 1, 384], "pos_embed": [1, 1370, 384], "register_tokens": [1, 4, 384], "mask_token": [1, 384],
                "patch_embed.proj.weight": [384, 3, 14, 14], "patch_embed.proj.bias": [384], "blocks.0.norm1.weight": [384],
                "blocks.11.attn.qkv.weight": [1152, 384], "blocks.11.attn.qkv.bias": [1152], "blocks.3.attn.proj.bias": [384],
                "blocks.5.ls1.gamma": [384], "blocks.5.norm2.bias": [384], "blocks.7.mlp.fc1.weight": [1536, 384],
                "blocks.7.mlp.fc2.weight": [384, 1536], "blocks.7.ls2.gamma": [384], "norm.weight": [384], "norm.bias": [384],
            ]
            for (name, shape) in some { #expect(shapes[name] == shape, "\(name)") }
            #expect(shapes.count == 4 + 2 + 12 * 14 + 2)
        }
    }

    private static func make(_ name: String, _ changes: Settings = [:], count: Int = 3) throws -> any Model {
        let method = try #require(MethodRegistry.method(name))
        let common: Settings = ["weights": "random", "backbone": "vit_tiny14", "input_size": 56]
        let settings = MethodSettings(method.description.resolve(common.merging(changes) { $1 }, for: .custom("any")))
        return try method.make(
            settings, context: ModelContext(generator: Generator(seed: 5), data: DataShape(count: count, channels: 3, side: 56))
        ).model
    }

    @Test func decodersOfTokensArePyTorchs() async throws {
        try await offPool {
            let model = try #require(Self.make("dinomaly") as? Dinomaly)
            try Self.fill(model.encoder)
            try Self.fill(model.parts)
            let images = try Self.images(3)
            try Self.compare(FeatureFormulas.sampled(Tensor.withoutGradients { try model.map(images) }), "dinomaly/map")
            func factors(_ width: Int, _ k: Int) throws -> Tensor {
                let values = (0..<3 * 21 * width).map { Float(FeatureFormulas.table[($0 + 61 * k) % 4093] < -0.6 ? 0 : 1 / 0.8) }
                return try Tensor(values, shape: [3, 21, width])
            }
            let dropout = Dinomaly.Dropout(input: try factors(48, 1), inner: try factors(192, 2), output: try factors(48, 3))
            guard case .gradient(let stage) = try model.stages[0] else { return }
            let optimisers = try stage.makeOptimisers()
            for key in ["loss", "next_loss", "loss3"] {
                let loss = try model.loss(images, dropout: dropout, easyShare: 0.5)
                try Self.compare([loss.item()], "dinomaly/\(key)")
                if key == "loss" {
                    let norms = try loss.gradients(of: optimisers.parameters, keepingGraph: true)
                        .map { try #require($0).squared().sum().item().squareRoot() }
                    try Self.compare(norms, "dinomaly/gradients")
                }
                try optimisers.step(minimising: loss)
            }
        }
    }

    @Test func gradientsOfEasyPlacesAreHeld() throws {
        let wanted = try Tensor([1, 1, 1, 1, 0, 0, 0, 0] as [Float], shape: [1, 2, 2, 2])
        let given = try Tensor([1, 1, 1, 0, 0, 0.1, 0.5, 1] as [Float], shape: [1, 2, 2, 2]).requireGradient()
        func slope(_ share: Double) throws -> [Float] {
            let moved = try Dinomaly.withEasyPlacesHeld(given, of: wanted, share: share)
            expectClose(try moved.elements(), try given.elements(), within: 1e-6, "values")
            return try #require(try moved.sum().gradients(of: [given])[0]).elements(Float.self)
        }
        #expect(try slope(0) == [Float](repeating: 1, count: 8))
        expectClose(try slope(0.5).map(Double.init), [0.1, 0.1, 1, 1, 0.1, 0.1, 1, 1], within: 1e-6, "half of them")
    }

    @Test func stepsAreStable() throws {
        let weights = try Tensor((0..<30).map { Float(0.9 * FeatureFormulas.table[$0]) }, shape: [6, 5]).requireGradient()
        let optimiser = try StableAdamW([("w", weights)], learningRate: 0.05, weightDecay: 1e-4)
        optimiser.gradientLimit = .norm(0.1)
        func gradient(_ step: Int) throws -> Tensor {
            let scale = [0.001, 0.004, 0.002, 0.012][step]
            return try Tensor((0..<30).map { Float(scale * FeatureFormulas.table[($0 + 61 * (step + 1)) % 4093]) }, shape: [6, 5])
        }
        for step in 0..<2 { try optimiser.step([gradient(step)]) }
        // It goes on from its state.
        let again = try StableAdamW([("w", weights)], learningRate: 0.05, weightDecay: 1e-4)
        again.gradientLimit = .norm(0.1)
        try again.restore(Dictionary(uniqueKeysWithValues: optimiser.state.map { ($0.name, $0.tensor) }), steps: optimiser.steps)
        for step in 2..<4 { try again.step([gradient(step)]) }
        try Self.compare(weights.elements(), "stable/weights")
    }

    private static func remember(_ model: any Model, _ images: Tensor) throws {
        for stage in try model.stages {
            try Tensor.withoutGradients {
                switch stage {
                case .fit(let fit):
                    try fit.begin(Generator(seed: 1))
                    for index in 0..<images.shape[0] {
                        try fit.observe(images.narrowed(axis: 0, start: index, length: 1), index..<index + 1)
                    }
                    try fit.finish()
                case .iteration(let picks):
                    try picks.begin(Generator(seed: 1))
                    try picks.advance(0..<picks.count)
                    try picks.finish()
                case .gradient: throw TrainingError("nothing is trained")
                }
            }
        }
    }

    @Test func tokensFindTheirNearest() async throws {
        try await offPool {
            let model = try #require(Self.make("anomalydino") as? AnomalyDINO)
            try Self.fill(model.backbone)
            let images = try Self.images(5)
            try Self.remember(model, images.narrowed(axis: 0, start: 0, length: 3))
            #expect(model.memory.bank.tensor.shape == [48, 48])
            let map = try Tensor.withoutGradients { try model.map(images.narrowed(axis: 0, start: 3, length: 2)) }
            // A token is rounded to half precision before.
            try Self.compare(map.elements(), "anomalydino/map", within: 2e-3)
            let known = try Tensor.withoutGradients { try model.map(images.narrowed(axis: 0, start: 0, length: 1)) }
            #expect(try known.maximum().item() < 1e-6)
        }
    }

    /// A few images are drawn, of which all patches are remembered, and of the others none.
    @Test func fewImagesAreRemembered() async throws {
        try await offPool {
            let images = try Self.images(9)
            let model = try #require(Self.make("anomalydino", ["shots": 2], count: 9) as? AnomalyDINO)
            try Self.remember(model, images)
            #expect(model.memory.bank.tensor.shape == [32, 48])
            let distances = try (0..<9).map { index in
                try Tensor.withoutGradients { try model.map(images.narrowed(axis: 0, start: index, length: 1)).maximum().item() }
            }
            #expect(distances.filter { $0 < 1e-6 }.count == 2)
            let error = #expect(throws: TrainingError.self) { try Self.make("anomalydino", ["shots": 10], count: 9) }
            #expect(error?.description == "shots is 10 but the data set has 9 training images; use as many or fewer, or 0 for all")
        }
    }

    @Test(arguments: [("dinov2_vits14_reg4", 15_377_280), ("dinov2_vitb14_reg4", 61_425_408)])
    func parameterCounts(_ backbone: String, _ count: Int) async throws {
        try await offPool {
            let model = try Self.make("dinomaly", ["backbone": .text(backbone)])
            #expect(model.network.trainableParameters.reduce(0) { $0 + $1.tensor.count } == count)
        }
    }
}
