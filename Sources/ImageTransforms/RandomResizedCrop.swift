import Foundation
import Imaging

/// A part of random area and aspect, resized: torchvision's `RandomResizedCrop`.
public struct RandomResizedCrop: Sendable, Hashable, Codable {
    /// What the part is resized to.
    public var size: ImageSize
    /// The part's area as a share of the image's, above 0.
    public var scale: ClosedRange<Double>
    /// The part's width over its height, drawn uniformly in its logarithm; above 0.
    public var ratio: ClosedRange<Double>
    /// How it is resized.
    public var filter: Image.Filter

    /// torchvision's defaults, but for what is given.
    public init(
        size: ImageSize, scale: ClosedRange<Double> = 0.08...1, ratio: ClosedRange<Double> = 3.0 / 4.0...4.0 / 3.0,
        filter: Image.Filter = .bilinear
    ) {
        self.size = size
        self.scale = scale
        self.ratio = ratio
        self.filter = filter
    }

    /// The corner and the size of a part of an image of `size`: the first of ten tries that fits into the image, or else the
    /// largest part in the middle with an aspect that is allowed.
    public func draw(using random: inout RandomStream, size image: ImageSize) -> (x: Int, y: Int, size: ImageSize) {
        let logRatio = log(ratio.lowerBound)...log(ratio.upperBound)
        for _ in 0..<10 {
            let area = Double(image.pixels) * random.uniform(scale)
            let aspect = exp(random.uniform(logRatio))
            let width = (area * aspect).squareRoot().rounded(.toNearestOrEven)
            let height = (area / aspect).squareRoot().rounded(.toNearestOrEven)
            guard width >= 1, width <= Double(image.width), height >= 1, height <= Double(image.height) else { continue }
            let part = ImageSize(width: Int(width), height: Int(height))
            let y = random.integer(below: image.height - part.height + 1)
            let x = random.integer(below: image.width - part.width + 1)
            return (x, y, part)
        }
        return fallback(image)
    }

    func fallback(_ image: ImageSize) -> (x: Int, y: Int, size: ImageSize) {
        var part = image
        let aspect = Double(image.width) / Double(image.height)
        if aspect < ratio.lowerBound {
            part.height = max(1, Int((Double(image.width) / ratio.lowerBound).rounded(.toNearestOrEven)))
        } else if aspect > ratio.upperBound {
            part.width = max(1, Int((Double(image.height) * ratio.upperBound).rounded(.toNearestOrEven)))
        }
        return ((image.width - part.width) / 2, (image.height - part.height) / 2, part)
    }

    func check() throws(TransformError) {
        guard scale.lowerBound > 0, scale.upperBound.isFinite else {
            throw TransformError("a random resized crop has a scale of \(scale); it must be above 0 and finite")
        }
        guard ratio.lowerBound > 0, ratio.upperBound.isFinite else {
            throw TransformError("a random resized crop has a ratio of \(ratio); it must be above 0 and finite")
        }
    }
}
