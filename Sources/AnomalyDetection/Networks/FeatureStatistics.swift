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

    /// At first features are left as they are.
    public init(channels: Int) throws(TorchError) {
        mean = Buffer(try Tensor.zeros([1, channels, 1, 1]))
        deviation = Buffer(try Tensor.zeros([1, channels, 1, 1]))
        super.init()
        try deviation.tensor.fill(1)
    }

    /// Takes the statistics of all images, over images and places.
    /// - Parameter features: gives the features `[N, C, H, W]` of normalised images.
    func measure(
        _ images: ImageBatches, batchSize: Int, features: (Tensor) throws -> Tensor
    ) throws {
        let shape = mean.tensor.shape
        var sums = try Tensor.zeros(shape, type: .double)
        var squares = try Tensor.zeros(shape, type: .double)
        var count = 0
        try Tensor.withoutGradients {
            for start in stride(from: 0, to: images.count, by: batchSize) {
                let part = try features(images.batch(start: start, count: min(batchSize, images.count - start))).to(.double)
                let places = part.count / shape[1]
                sums = try sums + part.mean(axes: [0, 2, 3], keepingDimensions: true) * Double(places)
                squares = try squares + part.squared().mean(axes: [0, 2, 3], keepingDimensions: true) * Double(places)
                count += places
            }
            let average = try sums / Double(count)
            let spread = try (squares / Double(count) - average.squared()).clamped(0...Double.greatestFiniteMagnitude).squareRoot()
            let least = try spread.mean().item() * Self.smallestShare
            try mean.tensor.copy(from: average)
            // Features that do not move at all are left as large as they are.
            try deviation.tensor.copy(from: least > 0 ? spread.clamped(least...Double.greatestFiniteMagnitude) : spread + 1)
        }
    }

    /// (f - mean) / deviation of features `[N, C, H, W]`.
    public func standardised(_ features: Tensor) throws(TorchError) -> Tensor {
        try (features - mean.tensor) / deviation.tensor
    }
}
