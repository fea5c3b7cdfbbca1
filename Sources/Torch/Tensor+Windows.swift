/// The operators behind the methods below, each found once.
private enum Operators {
    static let averagePool = Operator("avg_pool2d")
    static let unfold = Operator("im2col")
    static let adaptiveAveragePool = Operator("adaptive_avg_pool1d")
    static let nearest = Operator("upsample_nearest2d")
    static let bicubic = Operator("upsample_bicubic2d")
    static let antialiasedBicubic = Operator("_upsample_bicubic2d_aa")
    static let copyRows = Operator("index_copy_")
}

extension Tensor {
    /// The mean of each square window: `[N, C, H, W]` → `[N, C, H', W']`.
    /// - Parameter countingPadding: whether the zeros around the edge count as elements of the mean.
    public func averagePooled(
        kernel: Int, stride: Int? = nil, padding: Int = 0, countingPadding: Bool = true
    ) throws(TorchError) -> Tensor {
        let stride = stride ?? kernel
        return try Operators.averagePool(
            .tensor(self), .integers([kernel, kernel]), .integers([stride, stride]), .integers([padding, padding]),
            .boolean(false), .boolean(countingPadding))
    }

    /// The elements of each square window as a column: `[N, C, H, W]` → `[N, C · kernel², windows]`, the windows row by row;
    /// zeros stand for elements beyond the edge.
    public func unfolded(
        kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1
    ) throws(TorchError) -> Tensor {
        try Operators.unfold(
            .tensor(self), .integers([kernel, kernel]), .integers([dilation, dilation]), .integers([padding, padding]),
            .integers([stride, stride]))
    }

    /// The means of `size` stretches that share out the last dimension as evenly as they can, and overlap where it is no
    /// multiple of `size`: `[N, C, L]` → `[N, C, size]`.
    public func adaptiveAveragePooled(size: Int) throws(TorchError) -> Tensor {
        try Operators.adaptiveAveragePool(.tensor(self), .integers([size]))
    }

    /// Resizing of `[N, C, H, W]` that takes the element ⌊i · old / new⌋ for each, as PyTorch's `nearest`.
    public func resizedNearest(height: Int, width: Int) throws(TorchError) -> Tensor {
        try Operators.nearest(.tensor(self), .integers([height, width]))
    }

    /// Bicubic resizing of `[N, C, H, W]`.
    /// - Parameters:
    ///   - scale: new sides over old ones, where it is not their quotient.
    ///   - isAntialiased: whether the window grows where the image shrinks.
    public func resizedBicubic(
        height: Int, width: Int, scale: (height: Double, width: Double)? = nil, isAntialiased: Bool = false
    ) throws(TorchError) -> Tensor {
        func factor(_ number: Double?) -> Argument { number.map { .number($0) } ?? .none }
        let resize = isAntialiased ? Operators.antialiasedBicubic : Operators.bicubic
        return try resize(
            .tensor(self), .integers([height, width]), .boolean(false), factor(scale?.height), factor(scale?.width))
    }

    /// Overwrites the entries of the first dimension that `indices` (int64, each once) names with those of `source`, in that
    /// order, outside of gradient recording.
    /// - Throws: ``TorchError`` when an index or a shape does not fit.
    public func setRows(_ indices: Tensor, to source: Tensor) throws(TorchError) {
        try Tensor.withoutGradients { () throws(TorchError) in
            _ = try Operators.copyRows.call([.tensor(self), .integer(0), .tensor(indices), .tensor(source)])
        }
    }
}
