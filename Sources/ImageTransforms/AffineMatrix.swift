import Foundation

/// Where each pixel of an output lies in the input: x' = a x + b y + c, y' = d x + e y + f, in pixels; the middle of the
/// first pixel is at (0.5, 0.5).
struct AffineMatrix {
    var a, b, c, d, e, f: Double

    /// The matrix and the output's size of Pillow's `Image.rotate` about the middle, counter-clockwise.
    static func rotation(degrees: Double, size: ImageSize, expand: Bool) -> (matrix: AffineMatrix, size: ImageSize) {
        let angle = -(degrees * (Double.pi / 180))
        let (cosine, sine) = (rounded(cos(angle)), rounded(sin(angle)))
        let center = (x: Double(size.width) / 2, y: Double(size.height) / 2)
        var matrix = AffineMatrix(a: cosine, b: sine, c: 0, d: rounded(-sin(angle)), e: cosine, f: 0)
        (matrix.c, matrix.f) = matrix.image(-center.x, -center.y)
        matrix.c += center.x
        matrix.f += center.y
        guard expand else { return (matrix, size) }
        let (width, height) = (Double(size.width), Double(size.height))
        let corners = [(0, 0), (width, 0), (width, height), (0, height)].map { matrix.image($0.0, $0.1) }
        func extent(_ values: [Double]) -> Double { values.max()!.rounded(.up) - values.min()!.rounded(.down) }
        let (newWidth, newHeight) = (extent(corners.map(\.x)), extent(corners.map(\.y)))
        (matrix.c, matrix.f) = matrix.image(-(newWidth - width) / 2, -(newHeight - height) / 2)
        return (matrix, ImageSize(width: Int(newWidth), height: Int(newHeight)))
    }

    /// The matrix of torchvision's `affine` about the middle: turned clockwise, scaled, sheared, then shifted.
    init(_ parameters: AffineParameters, size: ImageSize) {
        func radians(_ degrees: Double) -> Double { degrees * (Double.pi / 180) }
        let rotation = radians(parameters.degrees)
        let (shearX, shearY) = (radians(parameters.shearX), radians(parameters.shearY))
        let p = cos(rotation - shearY) / cos(shearY)
        let q = -cos(rotation - shearY) * tan(shearX) / cos(shearY) - sin(rotation)
        let r = sin(rotation - shearY) / cos(shearY)
        let s = -sin(rotation - shearY) * tan(shearX) / cos(shearY) + cos(rotation)
        let center = (x: Double(size.width) * 0.5, y: Double(size.height) * 0.5)
        let (shiftX, shiftY) = (Double(parameters.translateX), Double(parameters.translateY))
        a = s / parameters.scale
        b = -q / parameters.scale
        c = 0
        d = -r / parameters.scale
        e = p / parameters.scale
        f = 0
        c += a * (-center.x - shiftX) + b * (-center.y - shiftY)
        f += d * (-center.x - shiftX) + e * (-center.y - shiftY)
        c += center.x
        f += center.y
    }

    private init(a: Double, b: Double, c: Double, d: Double, e: Double, f: Double) {
        (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
    }

    @inline(__always) func image(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        (a * x + b * y + c, d * x + e * y + f)
    }

    /// To fifteen decimals, as Python's `round(value, 15)` does it: by way of the decimal digits.
    private static func rounded(_ value: Double) -> Double { Double(String(format: "%.15f", value))! }
}
