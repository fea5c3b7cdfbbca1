/// A convolution of stride 1 followed by the mean of each 2×2 square: `[N, inputs, H, W]` → `[N, outputs, H'/2, W'/2]`.
///
/// It is computed as one convolution of stride 2 whose kernel is the mean of the four that are shifted by a pixel: for 3×3
/// 16 products instead of 36, and no large map in between.
public final class MeanPooledConvolution: ConvolutionLayer, Layer {
    private static let convolution = Operator("conv2d")
    private static let pad = Operator("constant_pad_nd")
    private static let pool = Operator("avg_pool2d")

    public init(
        _ inputs: Int, _ outputs: Int, kernel: Int, padding: Int = 0, initialisation: WeightInitialisation = .standard,
        generator: Generator
    ) throws(TorchError) {
        try super.init(
            weight: [outputs, inputs, kernel, kernel], outputs: outputs, stride: 1, padding: padding, bias: true,
            initialisation: initialisation, generator: generator)
    }

    /// - Parameter input: its height and width after padding are such that the convolution's output has even ones.
    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        let weight = weight.tensor
        if LibTorch.usesPlainOperators {
            let convolved = try Self.convolution(
                .tensor(input), .tensor(weight), .optional(bias?.tensor), .integers([1, 1]), .integers([padding, padding]))
            return try Self.pool(.tensor(convolved), .integers([2, 2]), .integers([2, 2]))
        }
        return try Self.convolution(
            .tensor(input), .tensor(Self.arranged(effectiveWeight())), .optional(bias?.tensor), .integers([2, 2]),
            .integers([padding, padding]))
    }

    override func effectiveWeight() throws(TorchError) -> Tensor {
        let shifted = try Self.pad(.tensor(weight.tensor), .integers([1, 1, 1, 1]))
        return try Self.pool(.tensor(shifted), .integers([2, 2]), .integers([1, 1]))
    }

    override var effectiveStride: Int { 2 }
}
