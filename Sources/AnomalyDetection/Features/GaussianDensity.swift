import Torch

/// A Gaussian fitted to features `[N, C]` of normal images: their mean, and the inverse of their covariance, shrunk towards a
/// multiple of the identity (Ledoit and Wolf, 2004).
final class GaussianDensity: Module {
    /// `[C]`
    let mean: Buffer
    /// Σ⁻¹, `[C, C]`
    let precision: Buffer
    /// The features seen so far while it is fitted, `[N, C]`; then empty.
    private let gathered: Buffer

    init(width: Int) throws(TorchError) {
        mean = Buffer(try .zeros([width], type: .double))
        precision = Buffer(try .zeros([width, width], type: .double))
        gathered = Buffer(try .zeros([0]), isResizable: true)
    }

    /// The stage that fits it in one pass over the training images.
    /// - Parameter features: gives the features `[N, C]` of a batch of the images of a range.
    func stage(
        count: Int, batchSize: Int, features: @escaping (_ images: Tensor, _ range: Range<Int>) throws -> Tensor
    ) -> Stage {
        .fit(
            FitStage(
                "density", batchSize: batchSize,
                begin: { [self] _ in
                    try gathered.replace(.zeros([count, mean.tensor.shape[0]], device: mean.tensor.device))
                },
                finish: { [self] in
                    try fit(gathered.tensor)
                    try gathered.replace(.zeros([0]))
                }
            ) { [self] images, range in
                try gathered.tensor.narrowed(axis: 0, start: range.lowerBound, length: range.count).copy(from: features(images, range))
            })
    }

    /// Fits it to features `[N, C]`.
    func fit(_ features: Tensor) throws(TorchError) {
        let values = try features.to(.double)
        let average = try values.mean(axes: [0])
        try mean.tensor.copy(from: average)
        try precision.tensor.copy(from: Self.shrunkCovariance(values - average).symmetricPseudoinverse())
    }

    /// The Ledoit-Wolf estimate of the covariance of centred rows `[N, C]`.
    static func shrunkCovariance(_ centred: Tensor) throws(TorchError) -> Tensor {
        let (count, width) = (Double(centred.shape[0]), Double(centred.shape[1]))
        let sample = try centred.transposed().multipliedMatrix(centred) / count
        let identity = try Tensor.identity(centred.shape[1], type: .double, device: centred.device)
        let scale = try (sample * identity).sum() / width
        let target = try identity * scale
        let distance = try (sample - target).squared().sum() / width
        let squares = try centred.squared()
        let fourth = try squares.transposed().multipliedMatrix(squares) / count
        let spread = try (fourth - sample.squared()).sum() / (width * count)
        // Not more than all of it; where the sample is the target already, nothing is to be done.
        let most = try distance.item()
        let shrinkage = most > 0 ? min(try spread.item(), most) / most : 0
        return try sample * (1 - shrinkage) + target * shrinkage
    }

    /// √((f - μ)ᵀ Σ⁻¹ (f - μ)) of features `[N, C]`: `[N]`, single precision.
    func distances(_ features: Tensor) throws(TorchError) -> Tensor {
        let centred = try features.to(.double) - mean.tensor
        let form = try (centred.multipliedMatrix(precision.tensor) * centred).sum(axes: [1])
        return try form.clamped(0...Double.greatestFiniteMagnitude).squareRoot().to(.float)
    }
}
