import Torch

/// How far reconstructed features are from theirs.
enum FeatureDistance {
    /// (f - f̂)²
    case squared
    /// -SSIM with a window of 5 and zeros around the features, which are taken as they are.
    case structural

    /// Images whose SSIM is computed at once: what it keeps meanwhile is some twenty times the features, of which 64 images at the
    /// study's size have 64 MiB.
    private static let imagesAtOnce = 8

    /// Where the images of a batch begin that are looked at together, and how many they are.
    private func parts(of count: Int) -> [(start: Int, length: Int)] {
        guard case .structural = self else { return [(0, count)] }
        return stride(from: 0, to: count, by: Self.imagesAtOnce).map { ($0, min(Self.imagesAtOnce, count - $0)) }
    }

    /// The mean over channels, `[N, 1, H, W]`.
    func map(_ features: Tensor, _ reconstructions: Tensor) throws(TorchError) -> Tensor {
        let maps = try parts(of: features.shape[0]).map { start, length throws(TorchError) in
            let part = try reconstructions.narrowed(axis: 0, start: start, length: length)
            return try elements(features.narrowed(axis: 0, start: start, length: length), part).mean(axes: [1], keepingDimensions: true)
        }
        return try .concatenated(maps)
    }

    /// The mean of all elements, a scalar.
    func loss(_ features: Tensor, _ reconstructions: Tensor) throws -> Tensor {
        let parts = parts(of: features.shape[0])
        guard parts.count > 1 else { return try elements(features, reconstructions).mean() }
        // No image has a part in another's similarity: their slopes are computed a few at a time, and handed on as those of a
        // sum whose value is nothing.
        let elementCount = Double(features.shape.reduce(1, *))
        var value = 0.0
        var slopes: [Tensor] = []
        for (start, length) in parts {
            let part = try reconstructions.narrowed(axis: 0, start: start, length: length).detached().requireGradient()
            let loss = try elements(features.narrowed(axis: 0, start: start, length: length), part).sum() * (1 / elementCount)
            guard let slope = try loss.gradients(of: [part])[0] else { throw TrainingError("SSIM has no slope") }
            slopes.append(slope)
            value += try loss.item()
        }
        let carrier = try (reconstructions * .concatenated(slopes)).sum()
        return try carrier - carrier.detached() + value
    }

    /// `[N, C, H, W]`
    func elements(_ features: Tensor, _ reconstructions: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .squared: try (features - reconstructions).squared()
        case .structural: try StructuralSimilarity(windowSize: 5, padding: 2).similarity(features, reconstructions).negated()
        }
    }
}
