import Catalogue
import Torch

/// Dinomaly (Guo et al., 2025): a decoder of linear attention learns to give a vision transformer's tokens back from their mean,
/// through a bottleneck that drops much of it.
final class Dinomaly: Model {
    final class Parts: Module {
        let bottleneck: FeedForward
        let decoder: [LinearBlock]

        init(_ shape: VisionTransformer.Shape, generator: Generator) throws {
            bottleneck = try FeedForward(shape.width, generator: generator)
            decoder = try (0..<8).map { _ in try LinearBlock(width: shape.width, heads: shape.heads, generator: generator) }
            super.init()
            for case let linear as Linear in modules {
                try linear.weight.tensor.fillTruncatedNormal(deviation: 0.01, limit: 3, generator: generator)
                try linear.bias?.tensor.fill(0)
            }
        }
    }

    let parts: Parts
    let encoder: VisionTransformer
    let normalisation: ImageNormalisation
    private let smoothing: MapSmoothing
    private let settings: MethodSettings
    private let dropout: Double

    /// The encoder's blocks whose outputs are given back.
    private static let blocks = 2..<10

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        encoder = try VisionTransformer.frozen(settings, context: context)
        parts = try Parts(encoder.shape, generator: context.generator)
        normalisation = try settings[BackboneOptions.backbone].normalisation
        dropout = try settings[DinomalyOptions.dropout]
        smoothing = try MapSmoothing(generator: context.generator)
    }

    var network: Module { parts }
    var constants: [Module] { [encoder, smoothing] }

    var stages: [Stage] {
        get throws {
            let (parts, learningRate) = (parts, try settings.learningRate)
            let steps = try settings[FAEOptions.steps]
            return [
                .gradient(
                    GradientStage(
                        length: .steps(steps), batchSize: try settings.batchSize,
                        schedule: .init(.warmUpThenCosine(warmUp: min(100, steps / 2), length: steps, floor: 0.1), by: .steps),
                        optimisers: {
                            let optimiser = try StableAdamW(
                                parts.trainableParameters, learningRate: learningRate, weightDecay: 1e-4)
                            optimiser.gradientLimit = .norm(0.1)
                            return Optimisers(optimiser)
                        }
                    ) { batch, optimisers, generator in
                        let done = batch.epoch * batch.count + batch.index
                        let kept = try self.dropout(of: batch.images, generator: generator)
                        let loss = try self.loss(batch.images, dropout: kept, easyShare: min(0.9 * Double(done) / 1000, 0.9))
                        try optimisers.only.step(minimising: loss)
                        return try loss.detached()
                    })
            ]
        }
    }

    /// Factors of the bottleneck's input, of its inner numbers and of its output: 0 for what is dropped.
    struct Dropout {
        let input: Tensor
        let inner: Tensor
        let output: Tensor
    }

    private func dropout(of images: Tensor, generator: Generator) throws -> Dropout? {
        guard dropout > 0 else { return nil }
        let side = images.shape[3] / VisionTransformer.patchSide
        let tokens = side * side + encoder.prefix
        func factors(_ width: Int) throws -> Tensor {
            let shape = [images.shape[0], tokens, width]
            return try Tensor.bernoulli(shape, probability: 1 - dropout, generator: generator, device: images.device) / (1 - dropout)
        }
        let width = encoder.shape.width
        return Dropout(input: try factors(width), inner: try factors(4 * width), output: try factors(width))
    }

    /// The two means of the encoder's outputs and the two of the decoder's, `[N, d, S/14, S/14]` each.
    private func groups(_ images: Tensor, dropout: Dropout?) throws -> (wanted: [Tensor], given: [Tensor]) {
        let outputs = try Tensor.withoutGradients {
            try Array(encoder.outputs(images, blocks: Self.blocks.upperBound, positions: .offset)[Self.blocks])
        }
        var current = try Self.mean(outputs)
        if let dropout {
            current = try parts.bottleneck(current * dropout.input, dropout: (dropout.inner, dropout.output))
        } else {
            current = try parts.bottleneck(current)
        }
        var decoded: [Tensor] = []
        for block in parts.decoder {
            current = try block(current)
            decoded.append(current)
        }
        decoded.reverse()
        let side = images.shape[3] / VisionTransformer.patchSide
        func grid(_ tokens: [Tensor]) throws -> Tensor {
            let patches = try Self.mean(tokens).narrowed(axis: 1, start: encoder.prefix, length: side * side)
            return try patches.permuted([0, 2, 1]).reshaped([images.shape[0], encoder.shape.width, side, side])
        }
        func both(_ all: [Tensor]) throws -> [Tensor] { [try grid(Array(all[0..<4])), try grid(Array(all[4..<8]))] }
        return (try both(outputs), try both(decoded))
    }

    private static func mean(_ tensors: [Tensor]) throws -> Tensor {
        var sum = tensors[0]
        for tensor in tensors.dropFirst() { sum = try sum + tensor }
        return try sum / Double(tensors.count)
    }

    /// - Parameter easyShare: p, the share of the places, those nearest to what is wanted, that move by a tenth only.
    func loss(_ images: Tensor, dropout: Dropout?, easyShare: Double) throws -> Tensor {
        let (wanted, given) = try groups(images, dropout: dropout)
        let moved = try zip(wanted, given).map { try Self.withEasyPlacesHeld($1, of: $0, share: easyShare) }
        return try CosineDistance.loss(wanted, moved) / Double(wanted.count)
    }

    /// The same features, of which gradients go by a tenth to the `share` of the places that are nearest to what is wanted there.
    static func withEasyPlacesHeld(_ given: Tensor, of wanted: Tensor, share: Double) throws -> Tensor {
        let factor = try Tensor.withoutGradients {
            let distances = try CosineDistance.points(wanted, given)
            let hard = max(1, Int(Double(distances.count) * (1 - share)))
            let threshold = try distances.reshaped([-1]).topK(hard, axis: 0).values.narrowed(axis: 0, start: hard - 1, length: 1)
            let isEasy = try threshold.isGreater(than: distances)
            return try (1 - isEasy * 0.9).reshaped([distances.shape[0], 1, distances.shape[1], distances.shape[2]])
        }
        return try given * factor + given.detached() * (1 - factor)
    }

    /// The map at 256 pixels, smoothed.
    func map(_ images: Tensor) throws -> Tensor {
        let (wanted, given) = try groups(images, dropout: nil)
        let map = try CosineDistance.map(wanted, given, side: images.shape[3]) / Double(wanted.count)
        return try smoothing(map.resizedBilinear(height: 256, width: 256))
    }
}

/// x + attention(norm x), then x + mlp(norm x), the attention linear in the number of tokens.
final class LinearBlock: Module {
    private let norm1: LayerNorm
    private let attention: SelfAttention
    private let norm2: LayerNorm
    private let mlp: FeedForward

    init(width: Int, heads: Int, generator: Generator) throws(TorchError) {
        norm1 = try LayerNorm([width], epsilon: 1e-8)
        attention = try SelfAttention(width: width, heads: heads, isLinear: true, generator: generator)
        norm2 = try LayerNorm([width], epsilon: 1e-8)
        mlp = try FeedForward(width, generator: generator)
        super.init()
    }

    func callAsFunction(_ tokens: Tensor) throws(TorchError) -> Tensor {
        let attended = try tokens + attention(norm1(tokens))
        return try attended + mlp(norm2(attended))
    }
}

/// A Gaussian of standard deviation 4 over five pixels, zeros around the map: nearly their mean.
private final class MapSmoothing: Module {
    private let window: Convolution

    init(generator: Generator) throws(TorchError) {
        window = try Convolution(1, 1, kernel: 5, padding: 2, bias: false, generator: generator)
        super.init()
        let row = try (Tensor([-2, -1, 0, 1, 2] as [Float]).squared() * (-1.0 / 32)).exponential()
        let square = try row.reshaped([5, 1]) * row.reshaped([1, 5])
        try window.weight.tensor.copy(from: (square / square.sum()).reshaped([1, 1, 5, 5]))
        try freeze()
    }

    func callAsFunction(_ maps: Tensor) throws(TorchError) -> Tensor { try window(maps) }
}

extension Method {
    static let dinomaly = Method(
        .dinomaly, small: smallTransformer.merging(["steps": 4, "batch_size": 4]) { $1 }, model: Dinomaly.self
    ) { model, settings, _ in
        try MapScorer(settings, batchSize: 8) { images, _ in
            let map = try model.map(images)
            return .init(try map.resizedBilinear(height: images.shape[2], width: images.shape[3]), readFrom: map)
        }
    }
}
