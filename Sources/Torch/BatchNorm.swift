import CTorch

/// Batch normalisation over all dimensions but the second: `[N, C]` or `[N, C, H, W]`, with running
/// statistics (Ioffe and Szegedy, 2015).
///
/// libtorch sums channels that lie side by side one row after the other in float32: its statistics are off by 1e-6 to 3e-5 of
/// their size, which turns the sign of some of Adam's first steps. While training on the CPU a kernel of this package's own
/// is used instead. It is off by 1e-7, gives the same bits on any number of threads, and takes 0.3 to 0.5 of the time forwards
/// on an autoencoder's maps, as much as libtorch's on large ones.
public final class BatchNorm: Module, Layer {
    private static let batchNorm = Operator("batch_norm")
    private static let instanceNorm = Operator("instance_norm")

    /// `[C]`, at first 1.
    public let weight: Parameter
    /// `[C]`, at first 0.
    public let bias: Parameter
    /// `[C]`, at first 0.
    let runningMean: Buffer
    /// `[C]`, at first 1; the unbiased estimate.
    let runningVariance: Buffer

    /// Whether each image is normalised by statistics of its own, as in a training batch of one image, and running
    /// statistics are left alone; whatever the mode.
    public var usesImageStatistics = false

    let epsilon: Double
    /// The share of a batch in the running statistics.
    private let momentum: Double

    public init(_ channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1) throws(TorchError) {
        self.epsilon = epsilon
        self.momentum = momentum
        let ones = try Tensor.zeros([channels])
        try ones.fill(1)
        weight = try Parameter(ones)
        bias = try Parameter(Tensor.zeros([channels]))
        runningMean = Buffer(try Tensor.zeros([channels]))
        runningVariance = Buffer(try Tensor.zeros([channels]))
        super.init()
        try runningVariance.tensor.fill(1)
    }

    /// - Throws: ``TorchError``, also for a training batch with one value a channel, whose variance is undefined.
    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        if usesImageStatistics {
            guard input.shape.dropFirst(2).reduce(1, *) > 1 else {
                throw TorchError("\(input) has no statistics of single images: they need two values a channel")
            }
            return try BatchNorm.instanceNorm(
                .tensor(input), .tensor(weight.tensor), .tensor(bias.tensor), .none, .none, .boolean(true), .number(0.1),
                .number(1e-5), .boolean(true))
        }
        if isTraining, input.shape[0] * input.shape.dropFirst(2).reduce(1, *) < 2 {
            throw TorchError("batch normalisation cannot train on \(input): it needs two values a channel")
        }
        if isTraining, !LibTorch.usesPlainOperators, let output = try inRows(input, slope: 1) { return output }
        return try BatchNorm.batchNorm(
            .tensor(input), .tensor(weight.tensor), .tensor(bias.tensor), .tensor(runningMean.tensor),
            .tensor(runningVariance.tensor), .boolean(isTraining), .number(momentum), .number(epsilon), .boolean(true))
    }

    /// The same with what comes out negative multiplied by `slope`, in one pass; `nil` where that is not possible.
    func rectified(_ input: Tensor, slope: Double) throws(TorchError) -> Tensor? {
        guard isTraining, !usesImageStatistics, input.shape[0] * input.shape.dropFirst(2).reduce(1, *) > 1 else { return nil }
        return try inRows(input, slope: slope)
    }

    /// Normalises `input` by exact statistics if it is rows of channels in main memory, else returns `nil`.
    private func inRows(_ input: Tensor, slope: Double) throws(TorchError) -> Tensor? {
        var result: OpaquePointer?
        let (weight, bias, mean, variance) = (weight.tensor, bias.tensor, runningMean.tensor, runningVariance.tensor)
        try withExtendedLifetime((input, weight, bias, mean, variance)) { () throws(TorchError) in
            try checked {
                ct_batch_norm(
                    input.handle, weight.handle, bias.handle, mean.handle, variance.handle, momentum, epsilon, slope,
                    &result, $0)
            }
        }
        return result.map(Tensor.init(handle:))
    }
}
