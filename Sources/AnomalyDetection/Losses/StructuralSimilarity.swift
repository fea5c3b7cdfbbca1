import Foundation
import Torch

/// The structural similarity index (Wang et al., 2004) with a Gaussian window of σ = 1.5, C1 = 0.01², C2 = 0.03² and
/// biased variances, channel by channel.
public struct StructuralSimilarity {
    private let windowSize: Int
    /// Zeros that are thought around the images on every side.
    private let padding: Int
    private let window: [Float]

    /// By default AE-SSIM's: a window of 11 pixels, no padding.
    public init(windowSize: Int = 11, padding: Int = 0) {
        self.windowSize = windowSize
        self.padding = padding
        let offsets = (0..<windowSize).map { Double($0 - windowSize / 2) }
        let weights = offsets.map { exp(-$0 * $0 / (2 * 1.5 * 1.5)) }
        let sum = weights.reduce(0, +)
        window = weights.map { Float($0 / sum) }
    }

    /// 1 - SSIM of two batches `[N, C, H, W]` in -1...1, which are first mapped to 0...1 and clamped.
    /// Returns `[N, C, H - 10, W - 10]`.
    public func dissimilarity(_ first: Tensor, _ second: Tensor) throws(TorchError) -> Tensor {
        try 1 - similarity((first * 0.5 + 0.5).clamped(0...1), (second * 0.5 + 0.5).clamped(0...1))
    }

    /// SSIM of two batches `[N, C, H, W]`, whose values are taken as they are. Returns `[N, C, H', W']`, which is as much
    /// smaller than the images as the window is larger than the padding.
    public func similarity(_ x: Tensor, _ y: Tensor) throws(TorchError) -> Tensor {
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
        return try luminance * contrast
    }

    /// The window applied along both axes of each channel: two products with banded matrices, several times as fast on the CPU as convolutions of a single channel.
    private func blur(_ images: Tensor) throws(TorchError) -> Tensor {
        let (height, width) = (images.shape[2], images.shape[3])
        let across = try images.multipliedMatrix(band(width, isTransposed: true).to(images.device))
        return try band(height, isTransposed: false).to(images.device).multipliedMatrix(across)
    }

    /// The matrix `[size', size]` whose rows are the window, each one place further on; or its transpose.
    private func band(_ size: Int, isTransposed: Bool) throws(TorchError) -> Tensor {
        let reduced = size + 2 * padding - windowSize + 1
        guard reduced > 0 else { throw TorchError("images of \(size) pixels are smaller than the window of SSIM; use a larger input_size") }
        var elements = [Float](repeating: 0, count: reduced * size)
        for row in 0..<reduced {
            for (offset, weight) in window.enumerated() {
                let column = row + offset - padding
                // What falls on padding is multiplied by zero.
                guard (0..<size).contains(column) else { continue }
                elements[isTransposed ? column * reduced + row : row * size + column] = weight
            }
        }
        return try Tensor(elements, shape: isTransposed ? [size, reduced] : [reduced, size])
    }
}
