import Foundation
import Torch

/// The structural similarity index (Wang et al., 2004) as AE-SSIM uses it: Gaussian window of 11 pixels and
/// σ = 1.5, no padding, C1 = 0.01², C2 = 0.03², biased variances, channel by channel.
public struct StructuralSimilarity {
    static let windowSize = 11

    private let window: [Float]

    public init() {
        let offsets = (0..<Self.windowSize).map { Double($0 - Self.windowSize / 2) }
        let weights = offsets.map { exp(-$0 * $0 / (2 * 1.5 * 1.5)) }
        let sum = weights.reduce(0, +)
        window = weights.map { Float($0 / sum) }
    }

    /// 1 - SSIM of two batches `[N, C, H, W]` in -1...1, which are first mapped to 0...1 and clamped.
    /// Returns `[N, C, H - 10, W - 10]`.
    public func dissimilarity(_ first: Tensor, _ second: Tensor) throws(TorchError) -> Tensor {
        let x = try (first * 0.5 + 0.5).clamped(0...1)
        let y = try (second * 0.5 + 0.5).clamped(0...1)
        let count = x.shape[0]
        // One pass of the window over all five quantities.
        let blurred = try blur(.concatenated([x, y, x * x, y * y, x * y]))
        func part(_ index: Int) throws(TorchError) -> Tensor {
            try blurred.narrowed(axis: 0, start: index * count, length: count)
        }
        let (meanX, meanY) = (try part(0), try part(1))
        let product = try meanX * meanY
        let squares = (try meanX.squared(), try meanY.squared())
        let varianceX = try part(2) - squares.0
        let varianceY = try part(3) - squares.1
        let covariance = try part(4) - product
        let (c1, c2) = (0.01 * 0.01, 0.03 * 0.03)
        let contrast = try (covariance * 2 + c2) / (varianceX + varianceY + c2)
        let luminance = try (product * 2 + c1) / (squares.0 + squares.1 + c1)
        return try 1 - luminance * contrast
    }

    /// The window applied along both axes of each channel, `[N, C, H, W]` → `[N, C, H - 10, W - 10]`: two products with
    /// banded matrices, several times as fast on the CPU as convolutions of a single channel.
    private func blur(_ images: Tensor) throws(TorchError) -> Tensor {
        let (height, width) = (images.shape[2], images.shape[3])
        let across = try images.multipliedMatrix(band(width, isTransposed: true).to(images.device))
        return try band(height, isTransposed: false).to(images.device).multipliedMatrix(across)
    }

    /// The matrix `[size - 10, size]` whose rows are the window, each one place further on; or its transpose.
    private func band(_ size: Int, isTransposed: Bool) throws(TorchError) -> Tensor {
        let reduced = size - Self.windowSize + 1
        guard reduced > 0 else { throw TorchError("images of \(size) pixels are smaller than the window of SSIM; use a larger input_size") }
        var elements = [Float](repeating: 0, count: reduced * size)
        for row in 0..<reduced {
            for (offset, weight) in window.enumerated() {
                elements[isTransposed ? (row + offset) * reduced + row : row * size + row + offset] = weight
            }
        }
        return try Tensor(elements, shape: isTransposed ? [size, reduced] : [reduced, size])
    }
}
