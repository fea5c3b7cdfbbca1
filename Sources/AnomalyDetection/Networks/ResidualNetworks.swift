import Catalogue
import Torch

/// f-AnoGAN's three networks (Schlegl et al., 2019) and their sizes.
public final class ResidualNetworks: Module {
    let encoder: ResidualEncoder
    let generator: ResidualGenerator
    let discriminator: ResidualCritic

    /// The sizes.
    public struct Shape: Sendable, Hashable {
        public var channels: Int
        /// Side of the square input in pixels, a multiple of 16.
        public var inputSize: Int
        public var latentSize: Int
        /// Channels next to the image; the deepest blocks have eight times as many.
        public var baseChannels: Int

        /// The sizes that a job's options describe.
        public init(_ settings: MethodSettings) throws(TrainingError) {
            channels = try settings.channels
            inputSize = try settings.inputSize
            latentSize = try settings[AutoencoderOptions.latentSize]
            baseChannels = try settings[AutoencoderOptions.baseChannels]
            guard inputSize % 16 == 0 else {
                throw TrainingError("input_size is \(inputSize) but the networks halve it four times: use a multiple of 16")
            }
        }

        /// `[8 b, S/16, S/16]`, the smallest feature map.
        var featureShape: [Int] { [8 * baseChannels, inputSize / 16, inputSize / 16] }
        var featureCount: Int { featureShape.reduce(1, *) }
    }

    public init(_ shape: Shape, generator stream: Generator) throws(TorchError) {
        encoder = try ResidualEncoder(shape, generator: stream)
        generator = try ResidualGenerator(shape, generator: stream)
        discriminator = try ResidualCritic(shape, generator: stream)
        super.init()
    }
}

/// Codes `[N, z]` → images `[N, C, S, S]` in -1...1; 8.54 million parameters at the defaults.
public final class ResidualGenerator: Module, Layer {
    let linear: Linear
    let blocks: Sequential
    let output: Sequential
    private let featureShape: [Int]

    init(_ shape: ResidualNetworks.Shape, generator: Generator) throws(TorchError) {
        let base = shape.baseChannels
        linear = try Linear(shape.latentSize, shape.featureCount, initialisation: .xavierUniform, generator: generator)
        blocks = Sequential([
            try UpBlock(8 * base, 8 * base, generator: generator), try UpBlock(8 * base, 4 * base, generator: generator),
            try UpBlock(4 * base, 2 * base, generator: generator), try UpBlock(2 * base, base, generator: generator),
        ])
        output = Sequential([
            try BatchNorm(base), ReLU(),
            try Convolution(base, shape.channels, kernel: 3, padding: 1, initialisation: .kaimingNormal, generator: generator),
            Tanh(),
        ])
        featureShape = shape.featureShape
        super.init()
    }

    public func callAsFunction(_ codes: Tensor) throws(TorchError) -> Tensor {
        try output(blocks(linear(codes).reshaped([-1] + featureShape)))
    }

    /// Doubles height and width: batch normalisation, ReLU, 3×3 convolution of the enlarged input, the same without
    /// enlargement, and a 1×1 convolution as the way around.
    final class UpBlock: Module, Layer {
        let shortcut: Convolution
        let first: Sequential
        let second: Sequential
        private let enlarge = NearestUpsampling(2)

        init(_ inputs: Int, _ outputs: Int, generator: Generator) throws(TorchError) {
            shortcut = try Convolution(inputs, outputs, kernel: 1, initialisation: .kaimingNormal, generator: generator)
            first = Sequential([
                try BatchNorm(inputs), ReLU(), enlarge,
                try Convolution(
                    inputs, outputs, kernel: 3, padding: 1, bias: false, initialisation: .kaimingNormal, generator: generator),
            ])
            second = Sequential([
                try BatchNorm(outputs), ReLU(),
                try Convolution(outputs, outputs, kernel: 3, padding: 1, initialisation: .kaimingNormal, generator: generator),
            ])
            super.init()
        }

        func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
            // A 1×1 convolution sees no neighbours, so that enlarging its output is the same, at a quarter of the work.
            try enlarge(LayerChain.apply([shortcut], to: input)) + second(first(input))
        }
    }
}

/// A 3×3 convolution and four blocks that halve the image: `[N, C, S, S]` → `[N, 8 b S²/256]`.
final class ResidualFeatures: Module, Layer {
    let input: Convolution
    let blocks: Sequential

    init(_ shape: ResidualNetworks.Shape, generator: Generator) throws(TorchError) {
        let (base, side) = (shape.baseChannels, shape.inputSize)
        input = try Convolution(
            shape.channels, base, kernel: 3, padding: 1, initialisation: .kaimingNormal, generator: generator)
        blocks = Sequential([
            try DownBlock(base, 2 * base, side: side, generator: generator),
            try DownBlock(2 * base, 4 * base, side: side / 2, generator: generator),
            try DownBlock(4 * base, 8 * base, side: side / 4, generator: generator),
            try DownBlock(8 * base, 8 * base, side: side / 8, generator: generator),
        ])
        super.init()
    }

    func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor { try blocks(LayerChain.apply([input], to: images)).flattened() }

    /// Halves height and width: layer normalisation over the image, ReLU, 3×3 convolution, the same with mean pooling
    /// after it, and mean pooling with a 1×1 convolution as the way around.
    final class DownBlock: Module, Layer {
        let shortcut: Sequential
        let main: Sequential

        /// - Parameter side: height and width of the input.
        init(_ inputs: Int, _ outputs: Int, side: Int, generator: Generator) throws(TorchError) {
            shortcut = Sequential([
                AveragePool(2),
                try Convolution(inputs, outputs, kernel: 1, initialisation: .kaimingNormal, generator: generator),
            ])
            main = Sequential([
                try LayerNorm([inputs, side, side]), ReLU(),
                try Convolution(
                    inputs, inputs, kernel: 3, padding: 1, bias: false, initialisation: .kaimingNormal, generator: generator),
                try LayerNorm([inputs, side, side]), ReLU(),
                try MeanPooledConvolution(
                    inputs, outputs, kernel: 3, padding: 1, initialisation: .kaimingNormal, generator: generator),
            ])
            super.init()
        }

        func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor { try shortcut(input) + main(input) }
    }
}

/// The Wasserstein critic; 9.45 million parameters at the defaults.
public final class ResidualCritic: Module {
    let features: ResidualFeatures
    let linear: Linear

    init(_ shape: ResidualNetworks.Shape, generator: Generator) throws(TorchError) {
        features = try ResidualFeatures(shape, generator: generator)
        linear = try Linear(shape.featureCount, 1, initialisation: .xavierUniform, generator: generator)
        super.init()
    }

    /// `[N, C, S, S]` → one number an image, `[N, 1]`.
    func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor { try linear(features(images)) }
}

/// Images `[N, C, S, S]` → codes `[N, z]` in -1...1; 10.49 million parameters at the defaults.
public final class ResidualEncoder: Module, Layer {
    let features: ResidualFeatures
    let linear: Linear
    private let squash = Tanh()

    init(_ shape: ResidualNetworks.Shape, generator: Generator) throws(TorchError) {
        features = try ResidualFeatures(shape, generator: generator)
        linear = try Linear(shape.featureCount, shape.latentSize, initialisation: .xavierUniform, generator: generator)
        super.init()
    }

    public func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor { try squash(linear(features(images))) }
}
