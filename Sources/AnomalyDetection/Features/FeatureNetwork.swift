import Foundation
import Torch

/// A convolutional network for ImageNet whose intermediate features are of use elsewhere. Its images are `[N, 3, H, W]`,
/// normalised by ``ImageNormalisation/imageNet``.
public protocol FeatureNetwork: Module {
    /// Channels of each level of ``features(_:)``.
    var channels: [Int] { get }

    /// Whether the parameter called `name` is of the part beyond 1/8 of the side, the classifier left out.
    func isDeep(_ name: String) -> Bool

    /// The features of every level, finest first, each `[N, C, H', W']`.
    func features(_ images: Tensor) throws(TorchError) -> [Tensor]

    /// The name in the published files of weights of what is called `name` here.
    func publishedName(of name: String) -> String
}

extension FeatureNetwork {
    public func isDeep(_ name: String) -> Bool { false }

    /// The features at 1/4, 1/8 and 1/16 of the side, of a network that goes as far.
    func levels(_ images: Tensor) throws(TorchError) -> [Tensor] { try features(images).suffix(3) }

    /// The last level's mean over all places, `[N, C]`.
    func pooled(_ images: Tensor) throws(TorchError) -> Tensor {
        let levels = try features(images)
        return try levels[levels.count - 1].mean(axes: [2, 3])
    }

    public func publishedName(of name: String) -> String { name.replacing("running_variance", with: "running_var") }

    /// Overwrites all weights with published ones. What the file has beyond them is left aside.
    /// - Throws: ``TorchError`` that names the file when it cannot be read or is another network's.
    public func loadPublished(_ file: URL) throws(TorchError) {
        let names = Dictionary(state.map { ($0.name, publishedName(of: $0.name)) }, uniquingKeysWith: { first, _ in first })
        let wanted = Set(names.values)
        let tensors = try WeightsFile(file).tensors { wanted.contains($0) }
        do throws(TorchError) {
            try load(names.compactMapValues { tensors[$0] })
        } catch {
            throw TorchError("the weights '\(file.path)' are of another network: \(error)")
        }
    }

    /// Draws all convolutions anew as torchvision begins its networks for ImageNet: from the normal distribution of
    /// variance 2/fan_out (He et al., 2015, backward form), biases zero.
    public func drawWeights(generator: Generator) throws(TorchError) {
        try drawConvolutions(generator: generator)
        for case let convolution as Convolution in modules { try convolution.bias?.tensor.fill(0) }
    }
}

/// A network that has kept its classifier.
protocol ClassifyingNetwork: FeatureNetwork {
    /// The scores of ImageNet's 1000 classes, `[N, 1000]`.
    func logits(_ images: Tensor) throws(TorchError) -> Tensor
}

extension Module {
    /// Draws the weights of all convolutions but transposed ones from the normal distribution of variance 2/fan_out.
    func drawConvolutions(generator: Generator) throws(TorchError) {
        for case let convolution as Convolution in modules {
            let tensor = convolution.weight.tensor
            let fanOut = Double(tensor.shape[0] * tensor.shape.dropFirst(2).reduce(1, *))
            try tensor.fillNormal(mean: 0, deviation: (2 / fanOut).squareRoot(), generator: generator)
        }
    }
}
