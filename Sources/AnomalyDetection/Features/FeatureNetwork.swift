import Foundation
import Torch

/// A convolutional network for ImageNet whose intermediate features are of use elsewhere. Its images are `[N, 3, H, W]`,
/// normalised by ``ImageNormalisation/imageNet``.
public protocol FeatureNetwork: Module {
    /// Channels of each level of ``features(_:)``.
    var channels: [Int] { get }

    /// The features of every level, finest first, each `[N, C, H', W']`.
    func features(_ images: Tensor) throws(TorchError) -> [Tensor]

    /// The name in the published files of weights of what is called `name` here.
    func publishedName(of name: String) -> String
}

extension FeatureNetwork {
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
        let parameters = Dictionary(namedParameters.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        for (name, tensor) in namedParameters where tensor.shape.count == 4 {
            let fanOut = Double(tensor.shape[0] * tensor.shape.dropFirst(2).reduce(1, *))
            try tensor.fillNormal(mean: 0, deviation: (2 / fanOut).squareRoot(), generator: generator)
            try parameters[name.dropLast("weight".count) + "bias"]?.fill(0)
        }
    }
}
