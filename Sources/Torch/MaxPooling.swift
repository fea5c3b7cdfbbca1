/// The largest value in each square window: `[N, C, H, W]` → `[N, C, H', W']`.
public final class MaxPooling: Module, Layer {
    private static let pool = Operator("max_pool2d")
    private let kernel: Int
    private let stride: Int
    private let padding: Int

    public init(kernel: Int, stride: Int, padding: Int = 0) {
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        super.init()
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try MaxPooling.pool(
            .tensor(input), .integers([kernel, kernel]), .integers([stride, stride]), .integers([padding, padding]))
    }
}
