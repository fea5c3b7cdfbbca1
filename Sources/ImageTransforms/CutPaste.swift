import Foundation

/// A rectangle of the image, its colours changed a little, pasted elsewhere in the same image (Li, Sohn, Yoon and Pfister,
/// CutPaste: Self-Supervised Learning for Anomaly Detection and Localization, CVPR 2021).
public struct CutPaste: Synthesis, Hashable, Codable {
    /// The rectangle's area as a share of the image's.
    public var area: ClosedRange<Double>
    /// The rectangle's width over its height, drawn uniformly in its logarithm; above 0.
    public var aspect: ClosedRange<Double>
    /// How the rectangle's colours change; `nil` leaves them.
    public var jitter: ColorJitter?
    /// The class of what is made.
    public var anomalyClass: Int

    /// The paper's ranges, but for what is given.
    public init(
        area: ClosedRange<Double> = 0.02...0.15, aspect: ClosedRange<Double> = 0.3...1 / 0.3,
        jitter: ColorJitter? = ColorJitter(brightness: 0.1, contrast: 0.1, saturation: 0.1, hue: 0.1), anomalyClass: Int = 1
    ) {
        self.area = area
        self.aspect = aspect
        self.jitter = jitter
        self.anomalyClass = anomalyClass
    }

    public func check() throws(TransformError) {
        guard area.lowerBound > 0, area.upperBound <= 1 else {
            throw TransformError("CutPaste has an area of \(area); it must be above 0 and 1 at most")
        }
        guard aspect.lowerBound > 0, aspect.upperBound.isFinite else {
            throw TransformError("CutPaste has an aspect of \(aspect); it must be above 0 and finite")
        }
        try jitter?.check()
    }

    /// Which rectangle goes where.
    public struct Drawn: Sendable, Hashable, Codable {
        /// Of the rectangle, in pixels.
        public var size: ImageSize
        /// The rectangle's upper left corner where it is taken from.
        public var sourceX: Int
        public var sourceY: Int
        /// The rectangle's upper left corner where it is pasted.
        public var targetX: Int
        public var targetY: Int
        /// What happens to its colours in between.
        public var adjustments: [ColorAdjustment]

        /// A rectangle that lies inside the image at both places.
        public init(size: ImageSize, sourceX: Int, sourceY: Int, targetX: Int, targetY: Int, adjustments: [ColorAdjustment]) {
            self.size = size
            self.sourceX = sourceX
            self.sourceY = sourceY
            self.targetX = targetX
            self.targetY = targetY
            self.adjustments = adjustments
        }
    }

    /// The rectangle for an image of `size`. Both sides are rounded and held to 1 pixel and to the image's.
    public func draw(using random: inout RandomStream, size: ImageSize) -> Drawn {
        let pixels = random.uniform(area) * Double(size.pixels)
        let ratio = exp(random.uniform(log(aspect.lowerBound)...log(aspect.upperBound)))
        func side(_ square: Double, _ limit: Int) -> Int {
            Int(min(Double(limit), max(1, square.squareRoot().rounded(.toNearestOrEven))))
        }
        let width = side(pixels * ratio, size.width)
        let height = side(pixels / ratio, size.height)
        func corner(_ room: Int) -> Int { Int(random.uniform(0...Double(room))) }
        let (sourceX, sourceY) = (corner(size.width - width), corner(size.height - height))
        let (targetX, targetY) = (corner(size.width - width), corner(size.height - height))
        return Drawn(
            size: ImageSize(width: width, height: height), sourceX: sourceX, sourceY: sourceY, targetX: targetX, targetY: targetY,
            adjustments: jitter?.draw(using: &random) ?? [])
    }

    /// Pastes the rectangle and sets `labels` to 1 where it is.
    public func apply(_ drawn: Drawn, to image: ImageBuffer, labels: UnsafeMutableBufferPointer<Float>) {
        precondition(labels.count == image.size.pixels, "there is a label for every pixel")
        let part = image.part
        part.copy(image, x: drawn.sourceX, y: drawn.sourceY, size: drawn.size)
        for adjustment in drawn.adjustments { part.adjust(adjustment) }
        image.paste(part, x: drawn.targetX, y: drawn.targetY)
        for row in drawn.targetY..<drawn.targetY + drawn.size.height {
            (labels.baseAddress! + row * image.width + drawn.targetX).update(repeating: 1, count: drawn.size.width)
        }
    }

    public func callAsFunction(
        _ image: ImageBuffer, partner: ImageBuffer?, labels: UnsafeMutableBufferPointer<Float>, using random: inout RandomStream
    ) -> Int {
        apply(draw(using: &random, size: image.size), to: image, labels: labels)
        return anomalyClass
    }
}
