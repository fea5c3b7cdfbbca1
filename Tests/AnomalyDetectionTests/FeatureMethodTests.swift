import Catalogue
import Foundation
import TestSupport
import Testing

@testable import AnomalyDetection
@testable import Torch

/// The methods on pretrained features against a PyTorch restatement.
@Suite struct FeatureMethodTests {
    private static func method(_ name: String, _ changes: Settings = [:]) throws -> (model: any Model, scorer: any Scorer) {
        let method = try #require(MethodRegistry.method(name))
        let settings = method.description.resolve(changes.merging(["weights": "random"]) { given, _ in given }, for: .custom("any"))
        let values = MethodSettings(settings)
        return try method.make(
            values,
            context: ModelContext(
                generator: Generator(seed: 5), data: DataShape(count: 5, channels: values.channels, side: values.inputSize)))
    }

    /// What PyTorch gives in double precision, and how far it is from that itself in single precision.
    private struct Expected {
        let tensors: [String: Tensor]
        let spread: [String: Double]
        let name: String

        init(_ name: String) throws {
            self.name = name
            tensors = try Fixture.safetensors("features")
            spread = try Fixture.json("features-spread", as: [String: Double].self)
        }

        func compare(_ actual: [Double], _ part: String, factor: Double = 4, sourceLocation: SourceLocation = #_sourceLocation) throws {
            let key = "\(name)/\(part)"
            let spread = try #require(spread[key])
            expectClose(
                actual, try #require(tensors[key]).elements(), within: max(1e-5, factor * spread), key, sourceLocation: sourceLocation)
        }
    }

    /// Scores, loss, gradients and the loss after a step of Adam. Where a ReLU or an absolute value has its kink, rounding
    /// decides on a gradient: how much that matters, PyTorch's own spread tells.
    private func expectPyTorchs(
        _ method: any Model, _ scorer: any Scorer, _ expected: Expected, images: Tensor, loss: () throws -> Tensor
    ) throws {
        func scores() throws -> AnomalyScores {
            method.network.train(false)
            defer { method.network.train() }
            return try Tensor.withoutGradients { try scorer.scores(images, generator: Generator(seed: 0)) }
        }
        let before = try scores()
        try expected.compare(before.scores.elements(), "scores")
        try expected.compare(FeatureFormulas.sampled(#require(before.map)), "map")
        #expect(before.map?.shape == [images.shape[0], 1, images.shape[2], images.shape[3]])
        method.network.train()
        let adam = try Adam(method.network.trainableParameters, learningRate: 5e-4)
        var losses: [Double] = []
        for step in 0..<2 {
            let value = try loss()
            adam.clearGradients()
            try value.backward()
            if step == 0 {
                let norms = try method.network.trainableParameters.map { try #require($0.tensor.gradient).squared().sum().item().squareRoot() }
                try expected.compare(norms, "gradients")
            }
            try adam.step()
            losses.append(try value.item())
        }
        try expected.compare([losses[0]], "loss")
        // Adam makes whole steps of the rounding noise in gradients that are truly zero: of biases before normalisation.
        try expected.compare([losses[1]], "next_loss", factor: 20)
    }

    @Test(arguments: ["fae-ssim", "fae-mse", "fae-mse-efficientnet"])
    func featureAutoencodersArePyTorchs(_ name: String) async throws {
        try await offPool {
            let backbone = name.hasSuffix("efficientnet") ? "efficientnet-lite0" : "resnet18"
            let (method, scorer) = try Self.method(
                String(name.prefix(8)).trimmingCharacters(in: ["-"]), ["input_size": 64, "backbone": .text(backbone)])
            let base = try #require(method as? FAE)
            try FeatureFormulas.fill(base.parts.extractor)
            try FeatureFormulas.fill(base.parts.autoencoder)
            let images = try FeatureFormulas.images(6, channels: 3, side: 64)
            let dropout = try FeatureFormulas.dropout(
                count: 6, channels: [100, 150, 200, 300, 200, 150, 100, base.parts.extractor.channels.reduce(0, +)])
            try expectPyTorchs(method, scorer, Expected(name), images: images) { try base.loss(images, dropout: dropout) }
        }
    }

    /// Does a stage of one pass.
    private static func fit(_ stage: Stage, _ images: ImageBatches, batchSize: Int? = nil) throws {
        guard case .fit(let stage) = stage else { throw TrainingError("the stage is none of one pass") }
        try Tensor.withoutGradients {
            try stage.begin(Generator(seed: 0))
            let size = batchSize ?? stage.batchSize
            for start in Swift.stride(from: 0, to: images.count, by: size) {
                let range = start..<min(start + size, images.count)
                try stage.observe(images.batch(start: start, count: range.count), range)
            }
            try stage.finish()
        }
    }

    @Test(arguments: ["ae-perceptual", "ae-perceptual-efficientnet"])
    func perceptualDistanceIsPyTorchs(_ name: String) async throws {
        try await offPool {
            let backbone = name.hasSuffix("efficientnet") ? "efficientnet-lite0" : "vgg19"
            let (method, scorer) = try Self.method(
                "ae-perceptual", ["input_size": 32, "hidden_size": 32, "latent_size": 4, "backbone": .text(backbone)])
            let perceptual = try #require(method as? AEPerceptual)
            try FeatureFormulas.fill(perceptual.backbone)
            try FeatureFormulas.fill(perceptual.parts.autoencoder)
            let bytes = try FeatureFormulas.images(5, channels: 1, side: 32).elements(Float.self)
                .map { UInt8((($0 + 1) * 127.5).rounded(.toNearestOrEven)) }
            try Self.fit(perceptual.stages[0], ImageBatches(Tensor(bytes, shape: [5, 1, 32, 32])))
            let expected = try Expected(name)
            let statistics = perceptual.parts.statistics
            try expected.compare(statistics.mean.tensor.elements(), "mean")
            try expected.compare(statistics.deviation.tensor.elements(), "deviation")
            let images = try FeatureFormulas.images(6, channels: 1, side: 32)
            try expectPyTorchs(method, scorer, expected, images: images) { try perceptual.loss(images) }
        }
    }

    /// The autoencoder and the part of ResNet-18 that is used; of AE-PL the autoencoder alone.
    @Test func parameterCounts() throws {
        let fae = try Self.method("fae-ssim").model
        #expect(fae.network.parameterCount == 10_285_048 + 683_072)
        #expect(fae.network.trainableParameters.reduce(0) { $0 + $1.tensor.count } == 10_285_048)
        #expect(try Self.method("ae-perceptual").model.network.parameterCount == 2_351_184)
    }

    /// The study's extractor drifts; with `extractor: eval` it stays what it is.
    @Test(arguments: [("train", true), ("eval", false)]) func extractorsDriftAsAskedFor(_ mode: String, _ drifts: Bool) throws {
        let method = try Self.method("fae-mse", ["input_size": 64, "extractor": .text(mode)]).model
        let parts = try #require(method as? FAE).parts
        func statistics() throws -> [[Float]] {
            try parts.extractor.state.filter { $0.name.contains("running") }.map { try $0.tensor.elements(Float.self) }
        }
        func weights() throws -> [[Float]] { try parts.extractor.namedParameters.map { try $0.tensor.elements(Float.self) } }
        let (before, frozen) = (try statistics(), try weights())
        method.network.train()
        let batch = TrainingBatch(images: try FeatureFormulas.images(3, channels: 3, side: 64), epoch: 0, index: 0, count: 1)
        guard case .gradient(let stage) = try method.stages[0] else { throw TrainingError("the stage has no gradients") }
        _ = try stage.step(batch, stage.makeOptimisers(), Generator(seed: 1))
        #expect(try statistics() != before || !drifts)
        #expect(try statistics() == before || drifts)
        #expect(try weights() == frozen)
    }

    /// SSIM of a few images at a time has the loss, the slopes and the maps of the whole.
    @Test func lossesInPartsAreThoseOfTheWhole() throws {
        let generator = try Generator(seed: 4)
        func random(_ count: Int) throws -> Tensor {
            let tensor = try Tensor.zeros([count, 3, 16, 16])
            try tensor.fillUniform(-1...1, generator: generator)
            return tensor
        }
        for count in [8, 9, 21] {
            let (features, other) = (try random(count), try random(count))
            func slope(_ loss: (Tensor) throws -> Tensor) throws -> (value: Double, slope: [Double]) {
                let leaf = try other.detached().requireGradient()
                // Not the leaf itself: what it is made of must get its slopes too.
                let value = try loss(leaf * 2)
                return (try value.item(), try #require(try value.gradients(of: [leaf])[0]).elements(Double.self))
            }
            let parts = try slope { try FeatureDistance.structural.loss(features, $0) }
            let whole = try slope { try FeatureDistance.structural.elements(features, $0).mean() }
            #expect(abs(parts.value - whole.value) < 1e-6 * abs(whole.value))
            expectClose(parts.slope, whole.slope, within: 1e-5, "\(count) images")
            let map = try FeatureDistance.structural.elements(features, other).mean(axes: [1], keepingDimensions: true)
            let inParts = try FeatureDistance.structural.map(features, other)
            #expect(inParts.shape == map.shape)
            expectClose(try inParts.elements(Double.self), try map.elements(Double.self), within: 1e-6, "map of \(count) images")
        }
    }

    /// Without its weights a job ends with a sentence that says which.
    @Test func absentWeightsAreNamed() throws {
        for (name, weights) in [("fae-ssim", "resnet18"), ("ae-perceptual", "vgg19")] {
            #expect(MethodDescription.weights(for: Catalogue.method(name)!.resolve([:], for: .custom("any"))) == [weights])
            let error = #expect(throws: TrainingError.self) { try Self.method(name, ["weights": "imagenet"]) }
            #expect(error?.description.contains("'\(weights)'") == true)
        }
        #expect(MethodDescription.weights(for: ["weights": "random", "backbone": "vgg19"]).isEmpty)
        #expect(MethodDescription.weights(for: Catalogue.method("ae")!.resolve([:], for: .custom("any"))).isEmpty)
    }
}

/// Statistics by which features are standardised.
extension FeatureMethodTests {
    @Test func hardlyMovingChannelsAreHeldBack() throws {
        let images = try ImageBatches(Tensor((0..<4 * 4).map { UInt8($0 * 15) }, shape: [4, 1, 2, 2]))
        let statistics = try FeatureStatistics(channels: 3)
        let stage = statistics.stage { batch in
            try .concatenated([batch, batch * 1e-6 + 2, batch * 0 + 5], axis: 1)
        }
        try Self.fit(stage, images, batchSize: 3)
        let deviation = try statistics.deviation.tensor.elements(Double.self)
        let values = (0..<16).map { Double($0 * 15) / 127.5 - 1 }
        let mean = values.reduce(0, +) / 16
        let expected = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 16).squareRoot()
        expectClose(deviation, [expected, expected / 30, expected / 30], within: 1e-5, "deviation")
        expectClose(try statistics.mean.tensor.elements(), [mean, 2, 5], within: 1e-5, "mean")
        let still = try FeatureStatistics(channels: 1)
        try Self.fit(still.stage { try $0 * 0 + 3 }, images, batchSize: 2)
        #expect(try still.standardised(.zeros([1, 1, 1, 1])).elements(Float.self) == [-3])
    }
}
