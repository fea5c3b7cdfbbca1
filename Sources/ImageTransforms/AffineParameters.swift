/// One turning, scaling, shearing and shifting, with the meaning of torchvision's `affine`.
public struct AffineParameters: Sendable, Hashable, Codable {
    /// Turned about the middle by this many degrees, clockwise (other than in a rotation, as in torchvision).
    public var degrees: Double
    /// Shifted to the right by this many pixels.
    public var translateX: Int
    /// Shifted down by this many pixels.
    public var translateY: Int
    /// Enlarged by this factor, above 0.
    public var scale: Double
    /// Sheared along the rows, in degrees within -90 and 90.
    public var shearX: Double
    /// Sheared along the columns, in degrees within -90 and 90.
    public var shearY: Double

    /// The image as it is, but for what is given.
    public init(
        degrees: Double = 0, translateX: Int = 0, translateY: Int = 0, scale: Double = 1, shearX: Double = 0, shearY: Double = 0
    ) {
        self.degrees = degrees
        self.translateX = translateX
        self.translateY = translateY
        self.scale = scale
        self.shearX = shearX
        self.shearY = shearY
    }
}
