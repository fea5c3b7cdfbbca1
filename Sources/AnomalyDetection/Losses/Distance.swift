import Torch

/// How far a reconstruction is from its image: the loss that is trained and the map that is scored.
public enum Distance: Sendable {
    /// e², the study's default.
    case squared
    /// |e|
    case absolute
    /// 1 - SSIM
    case structural

    /// The mean over everything in the batch, a scalar.
    public func loss(_ images: Tensor, _ reconstructions: Tensor) throws(TorchError) -> Tensor {
        try elements(images, reconstructions).mean()
    }

    /// The map `[N, 1, H, W]`: the mean over channels; a smaller map of 1 - SSIM is stretched to the image's size
    /// without padding, as the study does.
    public func map(_ images: Tensor, _ reconstructions: Tensor) throws(TorchError) -> Tensor {
        let elements = try elements(images, reconstructions)
        let size = images.shape
        let stretched = elements.shape == size ? elements : try elements.resizedBilinear(height: size[2], width: size[3])
        return try stretched.mean(axes: [1], keepingDimensions: true)
    }

    private func elements(_ images: Tensor, _ reconstructions: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .squared: try (images - reconstructions).squared()
        case .absolute: try (images - reconstructions).absolute()
        case .structural: try StructuralSimilarity().dissimilarity(images, reconstructions)
        }
    }
}
