import Torch

/// A vision transformer as DINOv2's (Dosovitskiy et al., 2021; Oquab et al., 2024). Names are those of its published files.
public final class VisionTransformer: Module, FeatureNetwork {
    /// Sizes of the network.
    public struct Shape: Sendable, Hashable {
        /// d, numbers of a token.
        public let width: Int
        /// Blocks.
        public let depth: Int
        public let heads: Int
        /// Tokens that belong to no patch, besides the one of the class.
        public let registers: Int
    }

    private let clsToken: Parameter
    private let posEmbed: Parameter
    private let registerTokens: Parameter?
    private let maskToken: Parameter
    private let patchEmbed: PatchProjection
    private let blocks: [TransformerBlock]
    private let norm: LayerNorm
    public let shape: Shape
    public var channels: [Int] { [shape.width] }

    /// Side of a patch, pixels.
    public static let patchSide = 14
    /// Patches along a side of the images that it was trained on.
    private static let positions = 37

    /// How the table of positions is brought to another number of patches.
    public enum PositionScale: Sendable {
        /// As DINOv2 does: of networks without registers by a tenth of a patch more than there are, of others smoothly.
        case hub
        /// By a tenth of a patch more than there are, whatever the network.
        case offset
    }

    public init(_ shape: Shape, generator: Generator) throws(TorchError) {
        func drawn(_ size: [Int]) throws(TorchError) -> Parameter {
            let tensor = try Tensor.zeros(size)
            try tensor.fillNormal(mean: 0, deviation: 0.02, generator: generator)
            return try Parameter(tensor)
        }
        self.shape = shape
        clsToken = try drawn([1, 1, shape.width])
        posEmbed = try drawn([1, Self.positions * Self.positions + 1, shape.width])
        registerTokens = shape.registers > 0 ? try drawn([1, shape.registers, shape.width]) : nil
        maskToken = try Parameter(.zeros([1, shape.width]))
        patchEmbed = try PatchProjection(width: shape.width, side: Self.patchSide, generator: generator)
        var blocks: [TransformerBlock] = []
        for _ in 0..<shape.depth { blocks.append(try TransformerBlock(shape, generator: generator)) }
        self.blocks = blocks
        norm = try LayerNorm([shape.width], epsilon: 1e-6)
        super.init()
    }

    /// Tokens before those of patches.
    var prefix: Int { 1 + shape.registers }

    /// What goes into the first block, `[N, prefix + P, d]`.
    private func tokens(_ images: Tensor, _ scale: PositionScale) throws(TorchError) -> Tensor {
        let (count, side) = (images.shape[0], images.shape[3] / Self.patchSide)
        func repeated(_ token: Tensor) throws(TorchError) -> Tensor {
            try .concatenated([Tensor](repeating: token, count: count))
        }
        let patches = try patchEmbed(images)
        let places = try positions(side, scale)
        let first = try clsToken.tensor + posEmbed.tensor.narrowed(axis: 1, start: 0, length: 1)
        var parts = [try repeated(first)]
        if let registerTokens { parts.append(try repeated(registerTokens.tensor)) }
        return try .concatenated(parts + [patches + places], axis: 1)
    }

    /// The positions of `side` × `side` patches, `[1, P, d]`.
    private func positions(_ side: Int, _ scale: PositionScale) throws(TorchError) -> Tensor {
        let (known, width) = (Self.positions, shape.width)
        let table = try posEmbed.tensor.narrowed(axis: 1, start: 1, length: known * known)
        guard side != known else { return table }
        let grid = try table.reshaped([1, known, known, width]).permuted([0, 3, 1, 2])
        let isSmooth = scale == .hub && shape.registers > 0
        let factor = (Double(side) + 0.1) / Double(known)
        let resized = try grid.resizedBicubic(
            height: side, width: side, scale: isSmooth ? nil : (factor, factor), isAntialiased: isSmooth)
        return try resized.permuted([0, 2, 3, 1]).reshaped([1, side * side, width])
    }

    /// The outputs of the first `count` blocks, `[N, prefix + P, d]` each.
    func outputs(_ images: Tensor, blocks count: Int, positions scale: PositionScale) throws(TorchError) -> [Tensor] {
        var current = try tokens(images, scale)
        var results: [Tensor] = []
        for block in blocks.prefix(count) {
            current = try block(current)
            results.append(current)
        }
        return results
    }

    /// The patches' tokens behind the last normalisation, `[N, P, d]`.
    func patches(_ images: Tensor, positions scale: PositionScale = .hub) throws(TorchError) -> Tensor {
        var current = try tokens(images, scale)
        for block in blocks { current = try block(current) }
        return try norm(current).narrowed(axis: 1, start: prefix, length: current.shape[1] - prefix)
    }

    public func features(_ images: Tensor) throws(TorchError) -> [Tensor] {
        let side = images.shape[3] / Self.patchSide
        return [try patches(images).permuted([0, 2, 1]).reshaped([images.shape[0], shape.width, side, side])]
    }
}

/// A linear map of each patch.
final class PatchProjection: Module {
    private let proj: Convolution

    init(width: Int, side: Int, generator: Generator) throws(TorchError) {
        proj = try Convolution(3, width, kernel: side, stride: side, generator: generator)
        super.init()
    }

    /// `[N, 3, S, S]` → `[N, P, d]`.
    func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor {
        let grid = try proj(images)
        return try grid.reshaped([grid.shape[0], grid.shape[1], -1]).permuted([0, 2, 1])
    }
}

/// x + ls1 · attention(norm x), then x + ls2 · mlp(norm x).
final class TransformerBlock: Module {
    private let norm1: LayerNorm
    private let attn: SelfAttention
    private let ls1: LayerScale
    private let norm2: LayerNorm
    private let mlp: FeedForward
    private let ls2: LayerScale

    init(_ shape: VisionTransformer.Shape, generator: Generator) throws(TorchError) {
        norm1 = try LayerNorm([shape.width], epsilon: 1e-6)
        attn = try SelfAttention(width: shape.width, heads: shape.heads, generator: generator)
        ls1 = try LayerScale(shape.width)
        norm2 = try LayerNorm([shape.width], epsilon: 1e-6)
        mlp = try FeedForward(shape.width, generator: generator)
        ls2 = try LayerScale(shape.width)
        super.init()
    }

    func callAsFunction(_ tokens: Tensor) throws(TorchError) -> Tensor {
        let attended = try tokens + ls1(attn(norm1(tokens)))
        return try attended + ls2(mlp(norm2(attended)))
    }
}

/// A factor for each number of a token.
final class LayerScale: Module {
    private let gamma: Parameter

    init(_ width: Int) throws(TorchError) {
        gamma = try Parameter(.full([width], 1))
        super.init()
    }

    func callAsFunction(_ tokens: Tensor) throws(TorchError) -> Tensor { try tokens * gamma.tensor }
}

/// Two linear layers, the inner one four times as wide.
final class FeedForward: Module {
    private let fc1: Linear
    private let fc2: Linear
    private let activation = GELU()

    init(_ width: Int, generator: Generator) throws(TorchError) {
        fc1 = try Linear(width, 4 * width, generator: generator)
        fc2 = try Linear(4 * width, width, generator: generator)
        super.init()
    }

    /// - Parameter dropout: factors of the inner numbers and of the output; by default none are dropped.
    func callAsFunction(_ tokens: Tensor, dropout: (inner: Tensor, output: Tensor)? = nil) throws(TorchError) -> Tensor {
        let inner = try activation(fc1(tokens))
        guard let dropout else { return try fc2(inner) }
        return try fc2(inner * dropout.inner) * dropout.output
    }
}

/// Attention of all tokens to all, in several heads (Vaswani et al., 2017).
final class SelfAttention: Module {
    private let qkv: Linear
    private let proj: Linear
    private let heads: Int
    /// Whether attention is (φ(q) φ(k)ᵀ) v with φ(u) = elu(u) + 1, divided by its row sums, instead of a softmax (Katharopoulos et
    /// al., 2020): linear in the number of tokens.
    private let isLinear: Bool

    init(width: Int, heads: Int, isLinear: Bool = false, generator: Generator) throws(TorchError) {
        qkv = try Linear(width, 3 * width, generator: generator)
        proj = try Linear(width, width, generator: generator)
        self.heads = heads
        self.isLinear = isLinear
        super.init()
    }

    /// `[N, T, d]` → the same.
    func callAsFunction(_ tokens: Tensor) throws(TorchError) -> Tensor {
        let (count, length, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
        let all = try qkv(tokens).reshaped([count, length, 3, heads, width / heads]).permuted([2, 0, 3, 1, 4])
        func part(_ index: Int) throws(TorchError) -> Tensor {
            try all.narrowed(axis: 0, start: index, length: 1).reshaped([count, heads, length, width / heads])
        }
        let scale = 1 / Double(width / heads).squareRoot()
        let attended = try isLinear
            ? Self.linear(part(0), part(1), part(2)) : Self.softmax(part(0), part(1), part(2), scale: scale)
        return try proj(attended.permuted([0, 2, 1, 3]).reshaped([count, length, width]))
    }

    private static func softmax(_ query: Tensor, _ key: Tensor, _ value: Tensor, scale: Double) throws(TorchError) -> Tensor {
        try (query * scale).multipliedMatrix(key.permuted([0, 1, 3, 2])).softmax(axis: 3).multipliedMatrix(value)
    }

    private static func linear(_ query: Tensor, _ key: Tensor, _ value: Tensor) throws(TorchError) -> Tensor {
        let query = try query.exponentialLinear() + 1, key = try key.exponentialLinear() + 1
        let products = try key.permuted([0, 1, 3, 2]).multipliedMatrix(value)
        let sums = try (query * key.sum(axes: [2], keepingDimensions: true)).sum(axes: [3], keepingDimensions: true) + 1e-6
        return try query.multipliedMatrix(products) / sums
    }
}
