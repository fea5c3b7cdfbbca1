/// A transposed two-dimensional convolution: `[N, inputs, H, W]` → `[N, outputs, H', W']`.
///
/// libtorch 1.x has no fast kernel for it on the CPU. There, the study's kind (4×4, stride 2, padding 1) is computed as
/// an ordinary 3×3 convolution with four times the channels whose outputs are interleaved, which is the same sum.
public final class TransposedConvolution: ConvolutionLayer, Layer {
    private static let convolution = Operator("conv_transpose2d", "input")

    public init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, bias: Bool = true,
        generator: Generator
    ) throws(TorchError) {
        try super.init(
            weight: [inputs, outputs, kernel, kernel], outputs: outputs, stride: stride, padding: padding, bias: bias,
            generator: generator)
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        let weight = weight.tensor
        if Self.prefersInterleaving, !LibTorch.usesPlainOperators, weight.shape[2] == 4, stride == 2, padding == 1, input.device.isCPU {
            return try Self.interleaved(input, weight: weight, bias: bias?.tensor)
        }
        return try Self.convolution(
            .tensor(input), .tensor(Self.arranged(weight)), .optional(bias?.tensor), .integers([stride, stride]),
            .integers([padding, padding]))
    }

    private static let prefersInterleaving = LibTorch.version.hasPrefix("1.")
    private static let pad = Operator("constant_pad_nd")
    private static let indexSelect = Operator("index_select")
    private static let permute = Operator("permute")
    private static let repeatInterleave = Operator("repeat_interleave", "self_int")
    private static let ordinaryConvolution = Operator("conv2d")
    private static let pixelShuffle = Operator("pixel_shuffle")

    /// A 4×4 kernel of stride 2 and padding 1. An even output 2p sums taps 3 and 1 over the inputs p - 1 and p, an odd
    /// one 2p + 1 taps 2 and 0 over p and p + 1: as three taps each, with a zero (index 4) for the third.
    static func interleaved(_ input: Tensor, weight: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        let (inputs, outputs) = (weight.shape[0], weight.shape[1])
        let taps = try Tensor([3, 1, 4, 4, 2, 0] as [Int64])
        var phases = try pad(.tensor(weight), .integers([0, 1, 0, 1]))
        for axis in 2...3 { phases = try indexSelect(.tensor(phases), .integer(axis), .tensor(taps)) }
        phases = try permute(.tensor(phases.reshaped([inputs, outputs, 2, 3, 2, 3])), .integers([1, 2, 4, 0, 3, 5]))
        let kernel = try phases.reshaped([4 * outputs, inputs, 3, 3]).channelsLast()
        let wideBias = try bias.map { bias throws(TorchError) in
            try repeatInterleave(.tensor(bias), .integer(4))
        }
        let interleaved = try ordinaryConvolution(
            .tensor(input), .tensor(kernel), .optional(wideBias), .integers([1, 1]), .integers([1, 1]))
        return try pixelShuffle(.tensor(interleaved), .integer(2))
    }
}
