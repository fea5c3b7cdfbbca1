/// Group normalisation of `[N, C, H, W]`: each image's channels in groups, with ε = 1e-5 (Wu and He, 2018).
public final class GroupNorm: Module, Layer {
    private static let groupNorm = Operator("group_norm")

    /// `[C]`, at first 1.
    public let weight: Parameter
    /// `[C]`, at first 0.
    public let bias: Parameter
    private let groups: Int

    /// - Parameter groups: a divisor of `channels`.
    public init(_ channels: Int, groups: Int) throws(TorchError) {
        let ones = try Tensor.zeros([channels])
        try ones.fill(1)
        weight = try Parameter(ones)
        bias = try Parameter(Tensor.zeros([channels]))
        self.groups = groups
        super.init()
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        // What comes out of a product in bfloat16 is normalised in single precision.
        try GroupNorm.groupNorm(
            .tensor(input.to(weight.tensor.dataType ?? .float)), .integer(groups), .tensor(weight.tensor), .tensor(bias.tensor), .number(1e-5))
    }
}
