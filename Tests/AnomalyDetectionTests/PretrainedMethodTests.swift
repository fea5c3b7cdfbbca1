import Catalogue
import TestSupport
import Testing

@testable import AnomalyDetection
@testable import Torch

/// Methods that train on, or fit, features of a pretrained network, against PyTorch restatements (`make_pretrained_methods.py`).
@Suite struct PretrainedMethodTests {
    private static func make(
        _ name: String, _ changes: Settings = [:], images: Int = 5
    ) throws -> (model: any Model, scorer: any Scorer) {
        let method = try #require(MethodRegistry.method(name))
        let common: Settings = ["weights": "random", "backbone": "resnet18", "input_size": 64]
        let settings = MethodSettings(method.description.resolve(common.merging(changes) { $1 }, for: .custom("any")))
        return try method.make(
            settings,
            context: ModelContext(
                generator: Generator(seed: 5), data: DataShape(count: images, channels: 3, side: settings.inputSize)))
    }

    /// What PyTorch gives in double precision; values may be four times as far from it as PyTorch's own in single precision are.
    private static func compare(
        _ actual: [Double], _ key: String, factor: Double = 4, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let spread = try Fixture.json("pretrained-spread", as: [String: Double].self)[key] ?? 0
        expectClose(
            actual, try expected(key).elements(), within: max(1e-5, factor * spread), key, sourceLocation: sourceLocation)
    }

    private static func expected(_ key: String) throws -> Tensor { try #require(Fixture.safetensors("pretrained")[key]) }

    private static func expectScores(_ name: String, _ model: any Model, _ scorer: any Scorer, _ images: Tensor) throws {
        model.network.train(false)
        let scores = try Tensor.withoutGradients { try scorer.scores(images, generator: Generator(seed: 0)) }
        try compare(FeatureFormulas.sampled(#require(scores.map)), "\(name)/map")
        try compare(scores.scores.elements(), "\(name)/scores")
    }

    private static func gradientStage(_ model: any Model) throws -> GradientStage {
        guard case .gradient(let stage) = try #require(model.stages.last) else { throw TrainingError("there is no such stage") }
        return stage
    }

    /// Loss, gradients, and the loss after a step of the method's own optimisers.
    private static func expectTraining(
        _ name: String, _ model: any Model, step: ((Optimisers) throws -> Void)? = nil, loss: () throws -> Tensor
    ) throws {
        let optimisers = try gradientStage(model).makeOptimisers()
        model.network.train()
        let before = try loss()
        let norms = try before.gradients(of: optimisers.parameters, keepingGraph: true)
            .map { try #require($0).squared().sum().item().squareRoot() }
        try compare([before.item()], "\(name)/loss")
        try compare(norms, "\(name)/gradients")
        if let step { try step(optimisers) } else { try optimisers.step(minimising: before) }
        // What gets no gradient but by rounding is moved by Adam all the same.
        try compare([loss().item()], "\(name)/next_loss", factor: 20)
    }

    private static func images(_ count: Int = 5) throws -> Tensor { try FeatureFormulas.images(count, channels: 3, side: 64) }

    @Test func reverseDistillationIsPyTorchs() async throws {
        try await offPool {
            let (made, scorer) = try Self.make("rd")
            let model = try #require(made as? ReverseDistillation)
            try FeatureFormulas.fill(model.teacher)
            try FeatureFormulas.fill(model.parts.embedding)
            try FeatureFormulas.fill(model.parts.decoder)
            let images = try Self.images()
            try Self.expectScores("rd", model, scorer, images)
            try Self.expectTraining("rd", model) { try model.loss(images) }
        }
    }

    @Test func projectionsArePyTorchs() async throws {
        try await offPool {
            let (made, scorer) = try Self.make("rdpp", ["bottleneck_width": 64])
            let model = try #require(made as? RDPlusPlus)
            try FeatureFormulas.fill(model.teacher)
            try FeatureFormulas.fill(model.parts.distillation.embedding)
            try FeatureFormulas.fill(model.parts.distillation.decoder)
            // Tensors are counted over all three.
            var first = 0
            for projection in model.parts.projections {
                try FeatureFormulas.fill(projection, first: first)
                first += projection.state.count
            }
            let (images, noisy) = (try Self.images(), try Self.images(10).narrowed(axis: 0, start: 5, length: 5))
            try Self.expectScores("rdpp", model, scorer, images)
            try Self.expectTraining(
                "rdpp", model, step: { _ = try model.step(images, noisy: noisy, batchSize: 5, $0) }
            ) { try model.loss(images, noisy: noisy) }
        }
    }

    /// A step by two batches goes by the sum of their gradients, each normalised by itself.
    @Test func gradientsOfBatchesAreAddedUp() async throws {
        try await offPool {
            let model = try #require(Self.make("rdpp", ["bottleneck_width": 16]).model as? RDPlusPlus)
            model.network.train()
            let (images, noisy) = (try Self.images(4), try Self.images(8).narrowed(axis: 0, start: 4, length: 4))
            func half(_ tensor: Tensor, _ index: Int) throws -> Tensor { try tensor.narrowed(axis: 0, start: 2 * index, length: 2) }
            let optimisers = try Self.gradientStage(model).makeOptimisers()
            let projections = optimisers["projections"].parameters.map(\.tensor)
            let halves = try (0..<2).map { try model.loss(half(images, $0), noisy: half(noisy, $0)) }
            let gradients = try halves.map { try $0.gradients(of: projections) }
            let loss = try model.step(images, noisy: noisy, batchSize: 2, optimisers)
            #expect(abs(try loss.item() - (halves[0].item() + halves[1].item()) / 2) < 1e-5)
            // After its first step Adam's first moment is half the gradient.
            for (index, (name, moment)) in optimisers["projections"].state.prefix(projections.count).enumerated() {
                let sum = try #require(gradients[0][index]) + #require(gradients[1][index])
                guard try sum.absolute().maximum().item() > 1e-6 else { continue }
                expectClose(try moment.elements(), try (sum * 0.5).elements(), within: 1e-3, name)
            }
        }
    }

    @Test func crosswiseDistillationIsPyTorchs() async throws {
        try await offPool {
            let (made, scorer) = try Self.make("recontrast", ["bottleneck_width": 64])
            let model = try #require(made as? ReContrast)
            // Both encoders begin alike.
            for (own, fixed) in zip(model.parts.encoder.state, model.frozen.state) {
                #expect(try own.tensor.elements(Float.self) == fixed.tensor.elements(Float.self))
            }
            try FeatureFormulas.fill(model.frozen)
            try FeatureFormulas.fill(model.parts.encoder, first: 7)
            try FeatureFormulas.fill(model.parts.embedding)
            try FeatureFormulas.fill(model.parts.decoder)
            let images = try Self.images()
            try Self.expectScores("recontrast", model, scorer, images)
            try Self.expectTraining("recontrast", model) { try model.loss(images, hardness: 0.5) }
            #expect(model.frozen.isTraining == false)
        }
    }

    /// α rises from -3 to 1 over the first tenth, and gradients go where distances reach the threshold.
    @Test func easyPlacesGetNoGradient() throws {
        #expect([0, 100, 200, 2000].map { ReContrast.hardness(step: $0, of: 2000) } == [-3, -1, 1, 1])
        let wanted = try Tensor.zeros([1, 2, 2, 2])
        try wanted.narrowed(axis: 1, start: 0, length: 1).fill(1)
        // Distances 0, 0, 0 and 1.
        let given = try Tensor([1, 1, 1, 0, 0, 0, 0, 1] as [Float], shape: [1, 2, 2, 2]).requireGradient()
        func slope(_ hardness: Double) throws -> [Float] {
            let moved = try ReContrast.withoutEasyPlaces(given, of: wanted, hardness: hardness)
            #expect(try moved.elements(Float.self) == given.elements(Float.self))
            return try #require(try moved.sum().gradients(of: [given])[0]).elements(Float.self)
        }
        #expect(try slope(-3) == [1, 1, 1, 1, 1, 1, 1, 1])
        #expect(try slope(1) == [0, 0, 0, 1, 0, 0, 0, 1])
    }

    @Test func studentsArePyTorchs() async throws {
        try await offPool {
            let (made, scorer) = try Self.make("stfpm")
            let model = try #require(made as? STFPM)
            try FeatureFormulas.fill(model.teacher)
            try FeatureFormulas.fill(model.student, first: 7)
            let images = try Self.images()
            try Self.expectScores("stfpm", model, scorer, images)
            try Self.expectTraining("stfpm", model) { try model.loss(images) }
            // A student that gives the teacher's features finds nothing.
            try FeatureFormulas.fill(model.student)
            model.network.train(false)
            #expect(try model.map(images).absolute().maximum().item() < 1e-12)
        }
    }

    @Test func elasticWeightsArePyTorchs() async throws {
        try await offPool {
            let model = try #require(Self.make("panda", ["crop": "none"]).model as? PANDA)
            try FeatureFormulas.fill(model.parts.backbone)
            let trained = model.parts.backbone.trainableParameters
            #expect(trained.allSatisfy { $0.name.hasPrefix("layer3") || $0.name.hasPrefix("layer4") })
            for (entry, (_, tensor)) in zip(model.constants[0].state, trained) { try entry.tensor.copy(from: tensor) }
            try #require(model.parts.backbone.state.first { $0.name == "fc.weight" }).tensor.scale(by: 0.02)
            let images = try Self.images()
            model.network.train(false)
            try Tensor.withoutGradients {
                guard case .fit(let centre) = try model.stages[0], case .fit(let information) = try model.stages[1] else { return }
                try centre.begin(Generator(seed: 0))
                for range in [0..<3, 3..<5] {
                    try centre.observe(images.narrowed(axis: 0, start: range.lowerBound, length: range.count), range)
                }
                try information.begin(Generator(seed: 0))
                try model.parts.draws.tensor.copy(from: Tensor(FeatureFormulas.table.prefix(5).map { Float(($0 + 1) / 2) }))
                for range in [0..<4, 4..<5] {
                    try information.observe(images.narrowed(axis: 0, start: range.lowerBound, length: range.count), range)
                }
            }
            try Self.compare(model.parts.centre.tensor.elements(), "panda/centre")
            try Self.compare(model.parts.importance.map { try $0.fisher.tensor.squared().sum().item().squareRoot() }, "panda/fisher")
            for (_, tensor) in trained { try tensor.scale(by: 1.01) }
            model.network.train()
            let optimisers = try Self.gradientStage(model).makeOptimisers()
            let loss = try model.loss(images)
            try Self.compare([loss.item()], "panda/loss")
            try optimisers.only.step(minimising: loss)
            try Self.compare(optimisers.state.map { try $0.tensor.squared().sum().item().squareRoot() }, "panda/velocity")
        }
    }

    /// Without its weight nothing is measured, and the loss is the features' alone.
    @Test func elasticWeightsCanBeLeftOut() throws {
        let model = try #require(Self.make("panda", ["ewc_weight": 0]).model as? PANDA)
        #expect(try model.stages.map(\.name) == ["centre", "training"] && model.parts.importance.isEmpty)
    }

    @Test func shiftedContrastIsPyTorchs() async throws {
        try await offPool {
            let model = try #require(Self.make("msc").model as? MSC)
            try FeatureFormulas.fill(model.parts.backbone)
            model.network.train(false)
            guard case .fit(let centre) = try model.stages[0] else { return }
            try Tensor.withoutGradients {
                try centre.begin(Generator(seed: 0))
                try centre.observe(Self.images(), 0..<5)
            }
            try Self.compare(model.parts.centre.tensor.elements(), "msc/centre")
            let views = try Self.images(8)
            try Self.expectTraining("msc", model) { try model.loss(views) }
        }
    }

    @Test func placesHaveTheirGaussians() async throws {
        try await offPool {
            let (made, scorer) = try Self.make("padim", ["embedding_size": 7], images: 20)
            let model = try #require(made as? PaDiM)
            try FeatureFormulas.fill(model.backbone)
            guard case .fit(let stage) = try model.stages[0] else { return }
            let images = try Self.images(25)
            try Tensor.withoutGradients {
                try stage.begin(Generator(seed: 0))
                #expect(Set(try model.gaussians.channels.tensor.elements(Int64.self)).count == 7)
                try model.gaussians.channels.replace(Self.expected("padim/channels"))
                for range in [0..<9, 9..<16, 16..<20] {
                    try stage.observe(images.narrowed(axis: 0, start: range.lowerBound, length: range.count), range)
                }
                try stage.finish()
            }
            let factor = model.gaussians.factor.tensor
            try Self.compare(FeatureFormulas.sampled(factor.multipliedMatrix(factor.permuted([0, 2, 1]))), "padim/factor")
            try Self.expectScores("padim", model, scorer, images.narrowed(axis: 0, start: 20, length: 5))
        }
    }

    @Test func discriminatorsArePyTorchs() throws {
        let made = try Self.make("simplenet", ["embedding_size": 24, "hidden_size": 16]).model
        let model = try #require(made as? SimpleNet)
        try FeatureFormulas.fill(model.parts)
        func numbers(_ k: Int, scale: Double) throws -> Tensor {
            try Tensor((0..<960).map { Float(scale * 0.9 * FeatureFormulas.table[($0 + 61 * k) % 4093]) }, shape: [40, 24])
        }
        let (patches, noise) = (try numbers(3, scale: 1), try numbers(4, scale: 0.1))
        model.network.train(false)
        let scores = try Tensor.withoutGradients { try model.parts.discriminate(model.parts.adaptor(patches)).negated() }
        try Self.compare(scores.elements(), "simplenet/scores")
        try Self.expectTraining("simplenet", model) { try model.loss(patches, noise: noise) }
    }

    @Test func neighboursAreTheNearest() throws {
        let memory = try Fixture.safetensors("memory")
        let bank = try NearestImages(count: 40, width: 12, neighbours: 2)
        let features = try #require(memory["density/features"])
        try bank.keep(features.narrowed(axis: 0, start: 0, length: 25), of: 0..<25)
        try bank.keep(features.narrowed(axis: 0, start: 25, length: 15), of: 25..<40)
        try Self.compare(bank.distances(#require(memory["density/tests"])).elements(), "neighbours/scores")
    }

    @Test func noiseIsSimplex() throws {
        let noise = SimplexNoise(seed: 3)
        let points = try Self.expected("simplex/points").elements(Float.self).map(Double.init)
        let values = stride(from: 0, to: points.count, by: 3).map { noise(points[$0], points[$0 + 1], points[$0 + 2]) }
        try Self.compare(values, "simplex/values")
        let field = noise.fractal(depth: 3, height: 4, width: 5, octaves: 6, persistence: 0.6, wavelength: 32)
        try Self.compare(field.map(Double.init), "simplex/fractal")
        #expect(SimplexNoise(seed: 4)(0.3, 0.4, 0.5) != noise(0.3, 0.4, 0.5))
    }

    /// A box of each image gets noise, of another place and pattern each time; `fixed` is one pattern.
    @Test func boxesOfNoise() throws {
        func noise(_ seed: String) throws -> [[Float]] {
            let settings = MethodSettings(["noise_seed": .text(seed)])
            let box = try SimplexBox(settings, normalisation: .imageNet)
            let values = try box(like: .zeros([3, 3, 256, 256]), generator: Generator(seed: 2)).reshaped([3, -1])
            return try (0..<3).map { try values.narrowed(axis: 0, start: $0, length: 1).elements(Float.self) }
        }
        let (varied, fixed) = (try noise("sample"), try noise("fixed"))
        for image in varied + fixed {
            let changed = image.indices.filter { image[$0] != 0 }
            let rows = Set(changed.map { $0 / 256 % 256 }), columns = Set(changed.map { $0 % 256 })
            #expect((10...31).contains(rows.count) && (10...31).contains(columns.count))
            #expect(rows.min()! > 0 && rows.max()! < 255 && columns.min()! > 0 && columns.max()! < 255)
            #expect(rows.max()! - rows.min()! < 31)
            #expect(image.map { abs($0) }.max()! < 0.2 * 2.1 / 0.224)
        }
        func corner(_ image: [Float]) -> [Float] { image.filter { $0 != 0 }.prefix(5).map(\.self) }
        #expect(corner(fixed[0]) == corner(fixed[1]) && corner(varied[0]) != corner(varied[1]))
    }

    /// The specification's counts, those that are frozen left out.
    @Test(arguments: [
        ("rd", 80_609_600 - 24_862_528), ("rdpp", 108_665_152 - 24_862_528 + 15_486_912), ("recontrast", 136_283_776 - 24_862_528),
        ("panda", 55_578_624), ("stfpm", 2_782_784), ("msc", 11_176_512),
        ("simplenet", 2_360_832 + 1_576_960),
    ]) func parameterCounts(_ name: String, _ count: Int) async throws {
        try await offPool {
            let method = try #require(MethodRegistry.method(name))
            let settings = MethodSettings(method.description.resolve(["weights": "random"], for: .custom("any")))
            let model = try method.make(
                settings,
                context: ModelContext(
                    generator: Generator(seed: 0), data: DataShape(count: 3, channels: 3, side: settings.inputSize))
            ).model
            #expect(model.network.trainableParameters.reduce(0) { $0 + $1.tensor.count } == count)
        }
    }

    /// Options that do not go together are named, each in a sentence.
    @Test func wrongOptionsAreNamed() throws {
        func message(_ name: String, _ settings: Settings) -> String? {
            #expect(throws: TrainingError.self) { try Self.make(name, settings) }?.description
        }
        #expect(message("padim", ["embedding_size": 449]) ==
            "embedding_size is 449 but the levels of resnet18 have 448 channels; use as many or fewer")
        #expect(message("resnet18-imagenet", ["density": "knn", "neighbours": 6]) ==
            "neighbours is 6 but the data set has 5 training images; use as many or fewer")
    }

    /// The middle seven eighths: 224 of 256 pixels.
    @Test func cropsAreTheMiddle() throws {
        let images = try Tensor((0..<64).map { Float($0) }, shape: [1, 1, 8, 8])
        #expect(try ImageCrop.center(images).elements(Float.self) == (0..<7).flatMap { row in (0..<7).map { Float(8 * row + $0) } })
        #expect(ImageCrop.center.side(of: 256) == 224)
        #expect(try ImageCrop.none(images) === images)
    }
}
