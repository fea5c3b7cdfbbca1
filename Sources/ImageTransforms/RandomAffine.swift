/// Random turning, shifting, scaling and shearing: torchvision's `RandomAffine`.
public struct RandomAffine: Sendable, Hashable, Codable {
    /// Degrees, clockwise.
    public var degrees: ClosedRange<Double>
    /// The largest shift to the left and right, as a share of the width.
    public var translateX: Double
    /// The largest shift up and down, as a share of the height.
    public var translateY: Double
    /// The factor of enlargement, above 0.
    public var scale: ClosedRange<Double>
    /// Shear along the rows, in degrees within -90 and 90.
    public var shearX: ClosedRange<Double>
    /// Shear along the columns, in degrees within -90 and 90.
    public var shearY: ClosedRange<Double>
    /// How pixels are taken from between pixels.
    public var interpolation: Interpolation

    /// Nothing but what is given.
    public init(
        degrees: ClosedRange<Double> = 0...0, translateX: Double = 0, translateY: Double = 0, scale: ClosedRange<Double> = 1...1,
        shearX: ClosedRange<Double> = 0...0, shearY: ClosedRange<Double> = 0...0, interpolation: Interpolation = .nearest
    ) {
        self.degrees = degrees
        self.translateX = translateX
        self.translateY = translateY
        self.scale = scale
        self.shearX = shearX
        self.shearY = shearY
        self.interpolation = interpolation
    }

    /// The parameters for an image of `size`. Shifts are whole pixels.
    public func draw(using random: inout RandomStream, size: ImageSize) -> AffineParameters {
        let turn = random.uniform(degrees)
        func shift(_ share: Double, _ extent: Int, _ random: inout RandomStream) -> Int {
            let largest = share * Double(extent)
            return Int(random.uniform(-largest...largest).rounded(.toNearestOrEven))
        }
        let across = shift(translateX, size.width, &random)
        let down = shift(translateY, size.height, &random)
        let factor = random.uniform(scale)
        let (tiltX, tiltY) = (random.uniform(shearX), random.uniform(shearY))
        return AffineParameters(degrees: turn, translateX: across, translateY: down, scale: factor, shearX: tiltX, shearY: tiltY)
    }

    func check() throws(TransformError) {
        for share in [translateX, translateY] where !(share >= 0 && share <= 1) {
            throw TransformError("an affine transform shifts by up to \(share) of the image; it must be within 0...1")
        }
        guard scale.lowerBound > 0, scale.upperBound.isFinite else {
            throw TransformError("an affine transform scales by \(scale); the factor must be above 0 and finite")
        }
        for range in [shearX, shearY] where !(range.lowerBound > -90 && range.upperBound < 90) {
            throw TransformError("an affine transform shears by \(range) degrees; they must be within -90 and 90")
        }
        guard degrees.lowerBound.isFinite, degrees.upperBound.isFinite else {
            throw TransformError("an affine transform turns by \(degrees) degrees; they must be finite")
        }
    }
}
