import CTorch

/// A transposed two-dimensional convolution: `[N, inputs, H, W]` → `[N, outputs, H', W']`.
///
/// libtorch 1.x has no fast kernel for it on the CPU. There, the study's kinds (4×4 of padding 1 and 6×6 of padding 2,
/// stride 2) are computed as an ordinary 3×3 convolution with four times the channels whose outputs are interleaved, which
/// is the same sum. Where a 4×4 one has three outputs or fewer, as at the end of a decoder, a kernel of this package's own
/// takes a quarter of the time.
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
        if hasOwnKernel, !LibTorch.usesPlainOperators, let output = try few(input) { return output }
        if Self.prefersInterleaving, !LibTorch.usesPlainOperators, stride == 2, Self.taps[weight.shape[2]] != nil,
            weight.shape[2] == 2 * padding + 2, input.device.isCPU {
            return try Self.interleaved(input, weight: weight, bias: bias?.tensor)
        }
        return try Self.convolution(
            .tensor(input), .tensor(Self.arranged(weight)), .optional(bias?.tensor), .integers([stride, stride]),
            .integers([padding, padding]))
    }

    override var isTransposed: Bool { true }

    override var hasOwnKernel: Bool {
        let shape = weight.tensor.shape
        return stride == 2 && padding == 1 && bias == nil && shape[1] <= 3 && shape[2] == 4
    }

    /// The layer with few outputs; `nil` where that is not possible.
    private func few(_ input: Tensor) throws(TorchError) -> Tensor? {
        guard !ct_autocasts_cpu() else { return nil }
        let weight = weight.tensor
        var result: OpaquePointer?
        try withExtendedLifetime((input, weight)) { () throws(TorchError) in
            try checked { ct_transposed_convolution(input.handle, weight.handle, &result, $0) }
        }
        return result.map(Tensor.init(handle:))
    }

    private static let prefersInterleaving = LibTorch.version.hasPrefix("1.")
    private static let pad = Operator("constant_pad_nd")
    private static let indexSelect = Operator("index_select")
    private static let permute = Operator("permute")
    private static let repeatInterleave = Operator("repeat_interleave", "self_int")
    private static let ordinaryConvolution = Operator("conv2d")
    private static let pixelShuffle = Operator("pixel_shuffle")

    /// By the kernel's side, the three taps that an even output 2p sums over the inputs p - 1, p, p + 1, then those of the
    /// odd one 2p + 1. With a 4×4 kernel each sums two inputs only: a zero (index 4) stands for the third tap.
    private static let taps: [Int: [Int64]] = [4: [3, 1, 4, 4, 2, 0], 6: [4, 2, 0, 5, 3, 1]]

    /// A kernel that ``taps`` knows, of stride 2, whose output is twice as wide as its input.
    static func interleaved(_ input: Tensor, weight: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        let (inputs, outputs) = (weight.shape[0], weight.shape[1])
        let taps = try Tensor(Self.taps[weight.shape[2]]!)
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
