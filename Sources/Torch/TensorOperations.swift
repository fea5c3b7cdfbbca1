/// The operators behind the methods below, each found once.
private enum Operators {
    static let add = Operator("add", "Tensor")
    static let addScalar = Operator("add", "Scalar")
    static let subtract = Operator("sub", "Tensor")
    static let multiply = Operator("mul", "Tensor")
    static let multiplyScalar = Operator("mul", "Scalar")
    static let divide = Operator("div", "Tensor")
    static let divideScalar = Operator("div", "Scalar")
    static let negate = Operator("neg")
    static let square = Operator("square")
    static let absolute = Operator("abs")
    static let exponential = Operator("exp")
    static let logarithm = Operator("log")
    static let rectify = Operator("relu")
    static let exponentialLinear = Operator("elu")
    static let softmax = Operator("softmax", "int")
    static let squareRoot = Operator("sqrt")
    static let sumAll = Operator("sum")
    static let sum = Operator("sum", "dim_IntList")
    static let norm = Operator("norm", "ScalarOpt_dim")
    static let minimum = Operator("min")
    static let minimumAlong = Operator("amin")
    static let greater = Operator("gt", "Tensor")
    static let meanAll = Operator("mean")
    static let mean = Operator("mean", "dim")
    static let clamp = Operator("clamp")
    static let reshape = Operator("reshape")
    static let narrow = Operator("narrow")
    static let roll = Operator("roll")
    static let transpose = Operator("transpose", "int")
    static let concatenate = Operator("cat")
    static let select = Operator("index_select")
    static let view = Operator("as_strided")
    static let detach = Operator("detach")
    static let clone = Operator("clone")
    static let contiguous = Operator("contiguous")
    static let convertType = Operator("to", "dtype")
    static let convertDevice = Operator("to", "device")
    static let copy = Operator("copy_")
    static let fill = Operator("fill_", "Scalar")
    static let addInPlace = Operator("add_", "Tensor")
    static let multiplyInPlace = Operator("mul_", "Scalar")
    static let zeros = Operator("zeros")
    static let identity = Operator("eye")
    static let viewType = Operator("view", "dtype")
    static let pad = Operator("constant_pad_nd")
    static let bilinear = Operator("upsample_bilinear2d")
    static let matrixProduct = Operator("matmul")
    static let binaryCrossEntropy = Operator("binary_cross_entropy")
    static let finite = Operator("isfinite")
    static let deviation = Operator("std")
    static let cumulativeSum = Operator("cumsum")
    static let all = Operator("all")
}

// MARK: Making

extension Tensor {
    /// A tensor of zeros.
    public static func zeros(
        _ shape: [Int], type: DataType = .float, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Operators.zeros(.integers(shape), named: [("dtype", .dataType(type)), ("device", .device(device))])
    }

    /// The identity matrix `[size, size]`.
    public static func identity(
        _ size: Int, type: DataType = .float, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Operators.identity(.integer(size), named: [("dtype", .dataType(type)), ("device", .device(device))])
    }

    /// A tensor whose elements all have the same value.
    public static func full(
        _ shape: [Int], _ value: Double, type: DataType = .float, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let result = try zeros(shape, type: type, device: device)
        try result.fill(value)
        return result
    }

    /// Sets every element, outside of gradient recording.
    public func fill(_ value: Double) throws(TorchError) {
        try Tensor.withoutGradients { () throws(TorchError) in
            _ = try Operators.fill.call([.tensor(self), .number(value)])
        }
    }

    /// Overwrites the elements with those of `source`, which must have the same shape, outside of gradient recording.
    public func copy(from source: Tensor) throws(TorchError) {
        guard source.shape == shape else { throw TorchError("\(source) does not fit into \(self)") }
        try Tensor.withoutGradients { () throws(TorchError) in
            _ = try Operators.copy.call([.tensor(self), .tensor(source)])
        }
    }

    /// Multiplies every element in place, outside of gradient recording.
    public func scale(by factor: Double) throws(TorchError) {
        try Tensor.withoutGradients { () throws(TorchError) in
            _ = try Operators.multiplyInPlace.call([.tensor(self), .number(factor)])
        }
    }

    /// Adds `other` in place, outside of gradient recording.
    public func accumulate(_ other: Tensor) throws(TorchError) {
        try Tensor.withoutGradients { () throws(TorchError) in
            _ = try Operators.addInPlace.call([.tensor(self), .tensor(other)])
        }
    }
}

// MARK: Converting and rearranging

extension Tensor {
    public func to(_ type: DataType) throws(TorchError) -> Tensor {
        if dataType == type { return self }
        return try Operators.convertType(.tensor(self), .dataType(type))
    }

    public func to(_ device: Device) throws(TorchError) -> Tensor {
        if self.device == device { return self }
        guard let dataType else { throw TorchError("\(self) has a type that cannot be moved") }
        return try Operators.convertDevice(.tensor(self), .device(device), .dataType(dataType))
    }

    /// The same bytes as elements of another type; the last dimension grows or shrinks as these are smaller or larger.
    public func reinterpreted(as type: DataType) throws(TorchError) -> Tensor {
        try Operators.viewType(.tensor(self), .dataType(type))
    }

    /// The same elements without their history.
    public func detached() throws(TorchError) -> Tensor { try Operators.detach(.tensor(self)) }
    public func clone() throws(TorchError) -> Tensor { try Operators.clone(.tensor(self)) }
    public func contiguous() throws(TorchError) -> Tensor { try Operators.contiguous(.tensor(self)) }

    /// The same elements of `[N, C, H, W]` with the channels side by side in memory, the layout in which convolutions
    /// are fastest on the CPU. An operator that gets one argument in it works in it.
    public func channelsLast() throws(TorchError) -> Tensor {
        try Operators.contiguous(.tensor(self), named: [("memory_format", .integer(2))])
    }

    /// The same elements in another shape; one size may be -1.
    public func reshaped(_ shape: [Int]) throws(TorchError) -> Tensor {
        try Operators.reshape(.tensor(self), .integers(shape))
    }

    /// `[N, ...]` to `[N, everything else]`.
    public func flattened() throws(TorchError) -> Tensor { try reshaped([shape[0], -1]) }

    /// `length` entries of dimension `axis` from `start` on, sharing the memory.
    public func narrowed(axis: Int, start: Int, length: Int) throws(TorchError) -> Tensor {
        try Operators.narrow(.tensor(self), .integer(axis), .integer(start), .integer(length))
    }

    /// Elements of this tensor's memory under another shape, sharing it; `strides` are elements between neighbours along
    /// each dimension, `offset` is the first one's place.
    /// - Throws: ``TorchError`` when one would lie outside of the memory.
    func viewed(_ shape: [Int], strides: [Int], offset: Int) throws(TorchError) -> Tensor {
        try Operators.view(.tensor(self), .integers(shape), .integers(strides), .integer(offset))
    }

    /// The entries of the first dimension that `indices` (int64) names, in that order.
    public func selecting(_ indices: Tensor) throws(TorchError) -> Tensor { try selecting(indices, axis: 0) }

    /// The entries of dimension `axis` that `indices` (int64) names, in that order.
    public func selecting(_ indices: Tensor, axis: Int) throws(TorchError) -> Tensor {
        try Operators.select(.tensor(self), .integer(axis), .tensor(indices))
    }

    public static func concatenated(_ tensors: [Tensor], axis: Int = 0) throws(TorchError) -> Tensor {
        try Operators.concatenate(.tensors(tensors), .integer(axis))
    }

    /// Bilinear resizing of `[N, C, H, W]` without anti-aliasing.
    /// - Parameter aligningCorners: whether the centres of the corner pixels stay where they are, rather than their corners.
    public func resizedBilinear(height: Int, width: Int, aligningCorners: Bool = false) throws(TorchError) -> Tensor {
        try Operators.bilinear(.tensor(self), .integers([height, width]), .boolean(aligningCorners))
    }

    /// Moves `[N, C, H, W]` down and to the right; what leaves at one edge comes in at the other.
    public func rolled(down: Int, right: Int) throws(TorchError) -> Tensor {
        try Operators.roll(.tensor(self), .integers([down, right]), .integers([2, 3]))
    }

    /// The transpose of a matrix.
    public func transposed() throws(TorchError) -> Tensor {
        try Operators.transpose(.tensor(self), .integer(0), .integer(1))
    }

    /// `[N, C, H, W]` with zeros around it.
    public func padded(left: Int, right: Int, top: Int, bottom: Int) throws(TorchError) -> Tensor {
        try Operators.pad(.tensor(self), .integers([left, right, top, bottom]))
    }
}

// MARK: Arithmetic

extension Tensor {
    public static func + (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try Operators.add(.tensor(left), .tensor(right))
    }

    public static func + (left: Tensor, right: Double) throws(TorchError) -> Tensor {
        try Operators.addScalar(.tensor(left), .number(right))
    }

    public static func - (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try Operators.subtract(.tensor(left), .tensor(right))
    }

    public static func - (left: Tensor, right: Double) throws(TorchError) -> Tensor { try left + (-right) }

    public static func - (left: Double, right: Tensor) throws(TorchError) -> Tensor { try right.negated() + left }

    public static func * (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try Operators.multiply(.tensor(left), .tensor(right))
    }

    public static func * (left: Tensor, right: Double) throws(TorchError) -> Tensor {
        try Operators.multiplyScalar(.tensor(left), .number(right))
    }

    public static func * (left: Double, right: Tensor) throws(TorchError) -> Tensor { try right * left }

    public static func / (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try Operators.divide(.tensor(left), .tensor(right))
    }

    public static func / (left: Tensor, right: Double) throws(TorchError) -> Tensor {
        try Operators.divideScalar(.tensor(left), .number(right))
    }

    public func negated() throws(TorchError) -> Tensor { try Operators.negate(.tensor(self)) }
    public func squared() throws(TorchError) -> Tensor { try Operators.square(.tensor(self)) }
    public func absolute() throws(TorchError) -> Tensor { try Operators.absolute(.tensor(self)) }
    public func squareRoot() throws(TorchError) -> Tensor { try Operators.squareRoot(.tensor(self)) }
    public func exponential() throws(TorchError) -> Tensor { try Operators.exponential(.tensor(self)) }

    /// The natural logarithm.
    public func logarithm() throws(TorchError) -> Tensor { try Operators.logarithm(.tensor(self)) }

    /// max(x, 0).
    public func rectified() throws(TorchError) -> Tensor { try Operators.rectify(.tensor(self)) }

    /// x where it is positive, else exp(x) - 1.
    public func exponentialLinear() throws(TorchError) -> Tensor { try Operators.exponentialLinear(.tensor(self)) }

    /// exp(x) over its sum along dimension `axis`.
    public func softmax(axis: Int) throws(TorchError) -> Tensor {
        try Operators.softmax(.tensor(self), .integer(axis))
    }

    public func clamped(_ range: ClosedRange<Double>) throws(TorchError) -> Tensor {
        try Operators.clamp(.tensor(self), .number(range.lowerBound), .number(range.upperBound))
    }

    /// The sum of all elements, a scalar.
    public func sum() throws(TorchError) -> Tensor { try Operators.sumAll(.tensor(self)) }

    /// The sum over some dimensions.
    public func sum(axes: [Int], keepingDimensions: Bool = false) throws(TorchError) -> Tensor {
        try Operators.sum(.tensor(self), .integers(axes), .boolean(keepingDimensions))
    }

    /// The Euclidean norm over some dimensions; its gradient at zero is zero.
    public func norm(axes: [Int]) throws(TorchError) -> Tensor {
        try Operators.norm(.tensor(self), .number(2), .integers(axes))
    }

    /// The smallest element, a scalar.
    public func minimum() throws(TorchError) -> Tensor { try Operators.minimum(.tensor(self)) }

    /// The smallest element over some dimensions, which are kept with a size of 1.
    public func minimum(axes: [Int]) throws(TorchError) -> Tensor {
        try Operators.minimumAlong(.tensor(self), .integers(axes), .boolean(true))
    }

    /// 1 where this is greater than `other`, elsewhere 0.
    public func isGreater(than other: Tensor) throws(TorchError) -> Tensor {
        try Operators.greater(.tensor(self), .tensor(other)).to(.float)
    }

    /// The mean of -t log p - (1 - t) log(1 - p), p being the elements of this, logarithms cut off at -100: a scalar.
    /// - Parameter target: t, the same for all.
    public func binaryCrossEntropy(target: Double) throws(TorchError) -> Tensor {
        let targets = try Tensor.full(shape, target, type: dataType ?? .float, device: device)
        return try Operators.binaryCrossEntropy(.tensor(self), .tensor(targets))
    }

    /// The standard deviation of all elements, of which there is one less to divide by: a scalar.
    public func standardDeviation() throws(TorchError) -> Tensor { try Operators.deviation(.tensor(self), .boolean(true)) }

    /// The sums of the elements along dimension `axis` up to each place.
    public func cumulativeSum(axis: Int) throws(TorchError) -> Tensor { try Operators.cumulativeSum(.tensor(self), .integer(axis)) }

    /// The mean of all elements, a scalar.
    public func mean() throws(TorchError) -> Tensor { try Operators.meanAll(.tensor(self)) }

    /// The mean over some dimensions.
    public func mean(axes: [Int], keepingDimensions: Bool = false) throws(TorchError) -> Tensor {
        try Operators.mean(.tensor(self), .integers(axes), .boolean(keepingDimensions))
    }

    /// Matrix product.
    public func multipliedMatrix(_ other: Tensor) throws(TorchError) -> Tensor {
        try Operators.matrixProduct(.tensor(self), .tensor(other))
    }

    /// Whether no element is infinite or not a number.
    public func isFinite() throws(TorchError) -> Bool {
        try Operators.all(.tensor(Operators.finite(.tensor(self)))).item() != 0
    }
}
