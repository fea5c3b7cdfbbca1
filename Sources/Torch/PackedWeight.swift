import CTorch

/// What a convolution without gradients computes with: its weight and bias with a batch normalisation folded into them, laid out
/// for inputs of one shape. It is of use until weights may have changed.
struct PackedWeight {
    private let weight: Tensor
    private let bias: Tensor?
    private let inputShape: [Int]
    private let sources: [Tensor]
    private let versions: [Int64]
    private let trainings: [Int]

    /// - Returns: `nil` where this libtorch has no such way.
    init?(_ layer: ConvolutionLayer, norm: BatchNorm?, inputShape: [Int]) throws(TorchError) {
        self.inputShape = inputShape
        sources = Self.sources(layer, norm)
        versions = sources.map(\.version)
        trainings = [layer.trainings, norm?.trainings ?? 0]
        var weight = try layer.effectiveWeight()
        var bias = layer.bias?.tensor
        if let norm {
            // In double precision, so that what is folded is rounded once.
            let variance = try norm.runningVariance.tensor.to(.double)
            let scale = try norm.weight.tensor.to(.double) / (variance + norm.epsilon).squareRoot()
            let shape = layer.isTransposed ? [1, -1, 1, 1] : [-1, 1, 1, 1]
            weight = try (weight.to(.double) * scale.reshaped(shape)).to(.float)
            let mean = try norm.runningMean.tensor.to(.double)
            let offset = if let bias { try bias.to(.double) - mean } else { try mean.negated() }
            bias = try (offset * scale + norm.bias.tensor.to(.double)).to(.float)
        }
        self.bias = bias
        var result: OpaquePointer?
        let sizes = inputShape.map(Int64.init)
        try withExtendedLifetime(weight) { () throws(TorchError) in
            try layer.withDescription(nil) { description throws(TorchError) in
                try checked { ct_convolution_pack(weight.handle, &description, sizes, &result, $0) }
            }
        }
        guard let result else { return nil }
        self.weight = Tensor(handle: result)
    }

    private static func sources(_ layer: ConvolutionLayer, _ norm: BatchNorm?) -> [Tensor] {
        [layer.weight.tensor, layer.bias?.tensor, norm?.weight.tensor, norm?.bias.tensor, norm?.runningMean.tensor, norm?.runningVariance.tensor]
            .compactMap(\.self)
    }

    /// Whether it is what would be made anew.
    func isCurrent(_ layer: ConvolutionLayer, norm: BatchNorm?, inputShape: [Int]) -> Bool {
        guard inputShape == self.inputShape, trainings == [layer.trainings, norm?.trainings ?? 0] else { return false }
        let now = Self.sources(layer, norm)
        return now.count == sources.count && zip(now, sources).allSatisfy { $0 === $1 } && now.map(\.version) == versions
    }

    func callAsFunction(_ input: Tensor, of layer: ConvolutionLayer, activation: (any FusedActivation)?) throws(TorchError) -> Tensor {
        let input = try input.channelsLast()
        var result: OpaquePointer?
        try withExtendedLifetime((input, weight, bias)) { () throws(TorchError) in
            try layer.withDescription(activation) { description throws(TorchError) in
                try checked { ct_convolve(input.handle, weight.handle, bias?.handle, &description, &result, $0) }
            }
        }
        return Tensor(handle: result!)
    }
}

extension ConvolutionLayer {
    /// The convolution, its batch normalisation and its activation in one pass; `nil` where gradients are recorded, statistics of
    /// the batch are wanted, or there is no such way.
    func inOnePass(
        _ input: Tensor, norm: BatchNorm?, activation: (any FusedActivation)?
    ) throws(TorchError) -> Tensor? {
        if isTraining {
            // What is trained changes with the next step.
            packed = nil
            return nil
        }
        if hasOwnKernel, norm == nil, activation == nil { return nil }
        guard !ct_gradient_mode(), norm.map({ !$0.isTraining && !$0.usesImageStatistics }) ?? true, input.device.isCPU,
            weight.tensor.device.isCPU, input.dataType == .float, weight.tensor.dataType == .float, !ct_autocasts_cpu()
        else { return nil }
        let shape = input.shape
        guard shape.count == 4, shape[0] > 0 else { return nil }
        if packed?.isCurrent(self, norm: norm, inputShape: shape) != true {
            packed = try PackedWeight(self, norm: norm, inputShape: shape)
        }
        return try packed?(input, of: self, activation: activation)
    }

    /// Calls `body` with the convolution in C's form.
    fileprivate func withDescription(
        _ activation: (any FusedActivation)?, _ body: (inout ct_convolution) throws(TorchError) -> Void
    ) throws(TorchError) {
        let numbers = activation?.fusedNumbers ?? []
        var failure: TorchError?
        (activation?.fusedName ?? "none").withCString { name in
            numbers.withUnsafeBufferPointer { numbers in
                var description = ct_convolution(
                    stride: Int64(effectiveStride), padding: Int64(padding), groups: Int64(groups), is_transposed: isTransposed,
                    activation: name, numbers: numbers.baseAddress, number_count: numbers.count)
                do throws(TorchError) { try body(&description) } catch { failure = error }
            }
        }
        if let failure { throw failure }
    }
}

extension Tensor {
    /// How often operators have written to the elements.
    fileprivate var version: Int64 { withExtendedLifetime(self) { ct_tensor_version(handle) } }
}
