/// Normalisation of each channel of each image `[N, C, H, W]` by statistics of its own, without weights (Ulyanov et al., 2016).
public final class InstanceNorm: Module, Layer {
    private static let norm = Operator("instance_norm")

    public override init() { super.init() }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try InstanceNorm.norm(
            .tensor(input), .none, .none, .none, .none, .boolean(true), .number(0.1), .number(1e-5), .boolean(true))
    }
}
