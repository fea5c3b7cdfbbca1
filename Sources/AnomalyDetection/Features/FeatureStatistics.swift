import Torch

/// Mean and standard deviation of each channel of a network's features over a set of images, by which features are
/// standardised.
public final class FeatureStatistics: Module {
    /// `[1, C, 1, 1]`
    let mean: Buffer
    /// `[1, C, 1, 1]`
    let deviation: Buffer

    /// A channel that hardly ever moves on normal images would outweigh all others where it does move: none counts for
    /// more than ten average ones.
    private static let smallestShare = 0.1

    /// Sums over the places seen so far while they are measured, `[3, C]` in double precision: of values, of squares, and their
    /// number; then empty.
    private let sums: Buffer

    /// At first features are left as they are.
    public init(channels: Int) throws(TorchError) {
        mean = Buffer(try Tensor.zeros([1, channels, 1, 1]))
        deviation = Buffer(try Tensor.zeros([1, channels, 1, 1]))
        sums = Buffer(try Tensor.zeros([0], type: .double), isResizable: true)
        super.init()
        try deviation.tensor.fill(1)
    }

    /// The stage that takes the statistics of all training images, over images and places.
    /// - Parameter features: gives the features `[N, C, H, W]` of normalised images.
    func stage(features: @escaping (Tensor) throws -> Tensor) -> Stage {
        .fit(
            FitStage(
                "feature statistics",
                begin: { [self] _ in
                    try sums.replace(.zeros([3, mean.tensor.shape[1]], type: .double, device: mean.tensor.device))
                },
                finish: { [self] in try conclude() }
            ) { [self] images, _ in
                let part = try features(images).to(.double)
                let channels = part.shape[1]
                let places = Double(part.count / channels)
                let added = try Tensor.concatenated([
                    part.mean(axes: [0, 2, 3]) * places, part.squared().mean(axes: [0, 2, 3]) * places,
                    Tensor.full([channels], places, device: part.device).to(.double),
                ]).reshaped([3, channels])
                try sums.tensor.accumulate(added)
            })
    }

    private func conclude() throws {
        func row(_ index: Int) throws -> Tensor {
            try sums.tensor.narrowed(axis: 0, start: index, length: 1).reshaped(mean.tensor.shape)
        }
        let average = try row(0) / row(2)
        let spread = try (row(1) / row(2) - average.squared()).clamped(0...Double.greatestFiniteMagnitude).squareRoot()
        let least = try spread.mean().item() * Self.smallestShare
        try mean.tensor.copy(from: average)
        // Features that do not move at all are left as large as they are.
        try deviation.tensor.copy(from: least > 0 ? spread.clamped(least...Double.greatestFiniteMagnitude) : spread + 1)
        try sums.replace(.zeros([0], type: .double))
    }

    /// (f - mean) / deviation of features `[N, C, H, W]`.
    public func standardised(_ features: Tensor) throws(TorchError) -> Tensor {
        try (features - mean.tensor) / deviation.tensor
    }
}
