import Torch

/// The convolutions of VGG-19 (Simonyan and Zisserman, 2015) up to the ReLU of conv4_2: `[N, 3, H, W]` →
/// `[N, 512, H/8, W/8]`.
public final class VGG19Features: Module, FeatureNetwork {
    /// Places are torchvision's: those of convolutions, ReLUs and poolings in one list.
    let features: [any Layer]
    public let channels = [512]

    public init(generator: Generator) throws(TorchError) {
        var layers: [any Layer] = []
        var inputs = 3
        for (outputs, count) in [(64, 2), (128, 2), (256, 4), (512, 2)] {
            if !layers.isEmpty { layers.append(MaxPooling(kernel: 2, stride: 2)) }
            for _ in 0..<count {
                layers += [try Convolution(inputs, outputs, kernel: 3, padding: 1, generator: generator), ReLU()] as [any Layer]
                inputs = outputs
            }
        }
        features = layers
        super.init()
    }

    public func features(_ images: Tensor) throws(TorchError) -> [Tensor] {
        [try LayerChain.apply(features, to: images)]
    }
}
