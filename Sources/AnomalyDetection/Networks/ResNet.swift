import Torch

/// A residual network (He et al., 2016), usually without its classifier. Names are torchvision's.
public final class ResNet: Module, ClassifyingNetwork {
    /// The kinds that are in use.
    public enum Kind: Sendable {
        case resNet18
        case resNet152
        /// Wide ResNet-50-2 (Zagoruyko and Komodakis, 2016).
        case wideResNet50

        /// Blocks of each stage.
        var blocks: [Int] {
            switch self {
            case .resNet18: [2, 2, 2, 2]
            case .resNet152: [3, 8, 36, 3]
            case .wideResNet50: [3, 4, 6, 3]
            }
        }

        /// Channels of the inner convolutions in the first stage of networks with bottlenecks.
        var bottleneckWidth: Int? {
            switch self {
            case .resNet18: nil
            case .resNet152: 64
            case .wideResNet50: 128
            }
        }
    }

    private let conv1: Convolution
    private let bn1: BatchNorm
    private let layer1: [ResidualBlock]
    private let layer2: [ResidualBlock]
    private let layer3: [ResidualBlock]
    private let layer4: [ResidualBlock]
    private let fc: Linear?
    private let relu = ReLU()
    private let pooling = MaxPooling(kernel: 3, stride: 2, padding: 1)
    public let channels: [Int]

    /// - Parameters:
    ///   - stages: how many of the four stages there are: the trunk, or less of it.
    ///   - hasClassifier: whether ``logits(_:)`` can be had, which takes all stages.
    public init(_ kind: Kind, stages: Int = 4, hasClassifier: Bool = false, generator: Generator) throws(TorchError) {
        conv1 = try Convolution(3, 64, kernel: 7, stride: 2, padding: 3, bias: false, generator: generator)
        bn1 = try BatchNorm(64)
        var channels = [64]
        var layers: [[ResidualBlock]] = []
        for stage in 0..<4 {
            var blocks: [ResidualBlock] = []
            let outputs = 64 << stage
            for index in 0..<(stage < stages ? kind.blocks[stage] : 0) {
                let block = try ResidualBlock(
                    inputs: blocks.last?.outputs ?? channels[stage], width: (kind.bottleneckWidth ?? 64) << stage,
                    outputs: kind.bottleneckWidth == nil ? outputs : 4 * outputs, isBottleneck: kind.bottleneckWidth != nil,
                    stride: stage > 0 && index == 0 ? 2 : 1, generator: generator)
                blocks.append(block)
            }
            if let last = blocks.last { channels.append(last.outputs) }
            layers.append(blocks)
        }
        (layer1, layer2, layer3, layer4) = (layers[0], layers[1], layers[2], layers[3])
        self.channels = channels
        fc = hasClassifier ? try Linear(channels[channels.count - 1], 1000, generator: generator) : nil
        super.init()
    }

    /// After the stem (convolution, normalisation, ReLU, pooling; a quarter of the side), then after each stage.
    public func features(_ images: Tensor) throws(TorchError) -> [Tensor] {
        var results = [try LayerChain.apply([conv1, bn1, relu, pooling], to: images)]
        for blocks in [layer1, layer2, layer3, layer4] where !blocks.isEmpty {
            var result = results[results.count - 1]
            for block in blocks { result = try block(result) }
            results.append(result)
        }
        return results
    }

    /// - Throws: ``TorchError``, also when the network was made without its classifier.
    func logits(_ images: Tensor) throws(TorchError) -> Tensor {
        guard let fc else { throw TorchError("the network was made without its classifier") }
        return try fc(pooled(images))
    }

    public func isDeep(_ name: String) -> Bool { name.hasPrefix("layer3.") || name.hasPrefix("layer4.") }
}

/// Two 3×3 convolutions, or three of 1×1, 3×3 and 1×1, whose input is added to their output.
final class ResidualBlock: Module, Layer {
    private let conv1: Convolution
    private let bn1: BatchNorm
    private let conv2: Convolution
    private let bn2: BatchNorm
    private let conv3: Convolution?
    private let bn3: BatchNorm?
    /// What brings the input to the output's size, where they differ.
    private let downsample: [any Layer]
    private let relu = ReLU()
    let outputs: Int

    init(
        inputs: Int, width: Int, outputs: Int, isBottleneck: Bool, stride: Int, generator: Generator
    ) throws(TorchError) {
        self.outputs = outputs
        if isBottleneck {
            conv1 = try Convolution(inputs, width, kernel: 1, bias: false, generator: generator)
            bn1 = try BatchNorm(width)
            conv2 = try Convolution(width, width, kernel: 3, stride: stride, padding: 1, bias: false, generator: generator)
            bn2 = try BatchNorm(width)
            conv3 = try Convolution(width, outputs, kernel: 1, bias: false, generator: generator)
            bn3 = try BatchNorm(outputs)
        } else {
            conv1 = try Convolution(inputs, outputs, kernel: 3, stride: stride, padding: 1, bias: false, generator: generator)
            bn1 = try BatchNorm(outputs)
            conv2 = try Convolution(outputs, outputs, kernel: 3, padding: 1, bias: false, generator: generator)
            bn2 = try BatchNorm(outputs)
            (conv3, bn3) = (nil, nil)
        }
        downsample = stride == 1 && inputs == outputs ? [] : [
            try Convolution(inputs, outputs, kernel: 1, stride: stride, bias: false, generator: generator),
            try BatchNorm(outputs),
        ]
        super.init()
    }

    func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        var layers: [any Layer] = [conv1, bn1, relu, conv2, bn2]
        if let conv3, let bn3 { layers += [relu, conv3, bn3] as [any Layer] }
        let result = try LayerChain.apply(layers, to: input)
        let shortcut = try LayerChain.apply(downsample, to: input)
        return try relu(result + shortcut)
    }
}
