/// What both kinds of convolution have: a weight, perhaps a bias, and how the kernel moves.
public class ConvolutionLayer: Module {
    /// `[outputs, inputs / groups, kernel, kernel]`, of a transposed convolution `[inputs, outputs, kernel, kernel]`.
    public let weight: Parameter
    /// `[outputs]`
    public let bias: Parameter?
    let stride: Int
    let padding: Int
    let groups: Int
    /// What inference computes with, once it has.
    var packed: PackedWeight?

    init(
        weight shape: [Int], outputs: Int, stride: Int, padding: Int, groups: Int = 1, bias: Bool,
        initialisation: WeightInitialisation = .standard, generator: Generator
    ) throws(TorchError) {
        weight = try Initialisation.weight(shape, initialisation, generator: generator)
        self.bias = bias ? try Initialisation.bias(outputs, weight: shape, initialisation, generator: generator) : nil
        self.stride = stride
        self.padding = padding
        self.groups = groups
        super.init()
    }

    /// The weight of the convolution that is computed, and its stride.
    func effectiveWeight() throws(TorchError) -> Tensor { weight.tensor }
    var effectiveStride: Int { stride }
    var isTransposed: Bool { false }
    /// Whether a kernel of this package's own is faster than oneDNN's for it.
    var hasOwnKernel: Bool { false }

    /// The weight in the layout that is fastest; the layer's output takes it over.
    static func arranged(_ weight: Tensor) throws(TorchError) -> Tensor {
        LibTorch.usesPlainOperators ? weight : try weight.channelsLast()
    }
}

/// A two-dimensional convolution: `[N, inputs, H, W]` → `[N, outputs, H', W']`. In several groups, each part of the
/// outputs sees an equal part of the inputs only.
public final class Convolution: ConvolutionLayer, Layer {
    private static let convolution = Operator("conv2d")

    public init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1, bias: Bool = true,
        initialisation: WeightInitialisation = .standard, generator: Generator
    ) throws(TorchError) {
        try super.init(
            weight: [outputs, inputs / groups, kernel, kernel], outputs: outputs, stride: stride, padding: padding, groups: groups,
            bias: bias, initialisation: initialisation, generator: generator)
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        var weight = weight.tensor
        if weight.shape[1] == 1, weight.shape[2] > 1, groups == 1, !LibTorch.usesPlainOperators {
            // Of one input both layouts are the same memory, and libtorch would take the other: all that follows up to the next
            // convolution would be a mixture of both, which its loops are slow at.
            let (kernel, size) = (weight.shape[2], weight.count / weight.shape[0])
            weight = try weight.viewed(weight.shape, strides: [size, 1, kernel, 1], offset: 0)
        } else {
            weight = try Self.arranged(weight)
        }
        return try Convolution.convolution(
            .tensor(input), .tensor(weight), .optional(bias?.tensor), .integers([stride, stride]),
            .integers([padding, padding]), .integers([1, 1]), .integer(groups))
    }
}
