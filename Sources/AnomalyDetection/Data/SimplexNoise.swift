import Foundation

/// OpenSimplex noise in three dimensions (Spencer, 2014): a field without direction that varies over about one unit of length,
/// within about ±0.87. Each value is the sum over all lattice points nearer than √2, which the original finds by cases.
struct SimplexNoise {
    private let permutation: [Int]

    /// The twenty-four directions of gradients.
    private static let gradients: [(Double, Double, Double)] = {
        var result: [(Double, Double, Double)] = []
        for z in [1.0, -1] {
            for y in [1.0, -1] {
                for x in [-1.0, 1] { result += [(11 * x, 4 * y, 4 * z), (4 * x, 11 * y, 4 * z), (4 * x, 4 * y, 11 * z)] }
            }
        }
        return result
    }()

    /// - Parameter seed: another field for each.
    init(seed: Int64) {
        var state = seed
        func advance() { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
        for _ in 0..<3 { advance() }
        var source = Array(0..<256)
        var permutation = source
        for last in stride(from: 255, through: 0, by: -1) {
            advance()
            let rest = Int((state &+ 31) % Int64(last + 1))
            let pick = rest < 0 ? rest + last + 1 : rest
            permutation[last] = source[pick]
            source[pick] = source[last]
        }
        self.permutation = permutation
    }

    /// The value at a point.
    func callAsFunction(_ x: Double, _ y: Double, _ z: Double) -> Double {
        let stretch = -(x + y + z) / 6
        let (i, j, k) = (Int(floor(x + stretch)), Int(floor(y + stretch)), Int(floor(z + stretch)))
        var sum = 0.0
        for a in i - 1...i + 2 {
            for b in j - 1...j + 2 {
                for c in k - 1...k + 2 {
                    let squish = Double(a + b + c) / 3
                    let (dx, dy, dz) = (x - Double(a) - squish, y - Double(b) - squish, z - Double(c) - squish)
                    let rest = 2 - dx * dx - dy * dy - dz * dz
                    guard rest > 0 else { continue }
                    let place = permutation[(permutation[(permutation[a & 255] + b) & 255] + c) & 255] % 24
                    let gradient = Self.gradients[place]
                    sum += rest * rest * rest * rest * (gradient.0 * dx + gradient.1 * dy + gradient.2 * dz)
                }
            }
        }
        return sum / 103
    }

    /// A sum of fields, each of half the wavelength of the one before and `persistence` times its height, on a grid of pixels:
    /// `[depth, height, width]`, row by row.
    /// - Parameter wavelength: pixels to a unit of length of the first field.
    func fractal(
        depth: Int, height: Int, width: Int, octaves: Int, persistence: Double, wavelength: Double
    ) -> [Float] {
        var values = [Float](repeating: 0, count: depth * height * width)
        for place in values.indices {
            let (x, y, z) = (Double(place % width), Double(place / width % height), Double(place / (width * height)))
            var (sum, share, length) = (0.0, 1.0, wavelength)
            for _ in 0..<octaves {
                sum += share * self(x / length, y / length, z / length)
                share *= persistence
                length /= 2
            }
            values[place] = Float(sum)
        }
        return values
    }
}
