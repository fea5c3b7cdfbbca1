import Catalogue
import Foundation
import Torch

/// Smoothing of maps `[N, 1, H, W]` by a Gaussian, as SciPy's `gaussian_filter`: cut off at four standard deviations, with the maps
/// mirrored at their edges, the edge itself repeated.
struct GaussianSmoothing {
    /// Standard deviation in pixels; 0 leaves maps as they are.
    let deviation: Double

    init(deviation: Double) { self.deviation = deviation }

    /// As a job's option `map_smoothing` says.
    init(_ settings: MethodSettings) throws(TrainingError) { deviation = try settings[MapOptions.smoothing] }

    func callAsFunction(_ maps: Tensor) throws(TorchError) -> Tensor {
        guard deviation > 0 else { return maps }
        let across = try maps.multipliedMatrix(matrix(maps.shape[3]).transposed().to(maps.device))
        return try matrix(maps.shape[2]).to(maps.device).multipliedMatrix(across)
    }

    /// The matrix `[size, size]` whose rows are the window around each place, what lies outside added where its mirror image is.
    private func matrix(_ size: Int) throws(TorchError) -> Tensor {
        let radius = Int(4 * deviation + 0.5)
        let window = (-radius...radius).map { exp(-0.5 * Double($0 * $0) / (deviation * deviation)) }
        let sum = window.reduce(0, +)
        var elements = [Double](repeating: 0, count: size * size)
        for row in 0..<size {
            for (offset, weight) in window.enumerated() {
                let period = 2 * size
                let place = ((row + offset - radius) % period + period) % period
                elements[row * size + min(place, period - 1 - place)] += weight / sum
            }
        }
        return try Tensor(elements.map(Float.init), shape: [size, size])
    }
}
