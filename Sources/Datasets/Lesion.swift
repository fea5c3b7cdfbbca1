import Catalogue
import Foundation
import Imaging

/// A drawn lesion: a blob whose outline is a circle bent by a few waves.
struct Lesion {
    let seed: UInt64
    let x: Double
    let y: Double
    /// Pixels.
    let radius: Double
    /// Grey levels; negative: darker.
    let contrast: Double
    private let waves: [(order: Double, size: Double, phase: Double)]
    private let mottle: [(x: Double, y: Double, phase: Double)]

    /// Draws place, size, contrast and outline. The centre and a ring around it lie in bright tissue.
    init(in image: Image, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        self.seed = seed
        radius = random.uniform(7...14)
        let (side, reach) = (Double(image.width), radius * 0.8)
        func isTissue(_ x: Double, _ y: Double) -> Bool {
            let (column, row) = (Int(x), Int(y))
            guard column >= 0, row >= 0, column < image.width, row < image.height else { return false }
            return image.pixels[row * image.width + column] > 50
        }
        var (x, y) = (side / 2, side / 2)
        for _ in 0..<400 {
            let (tryX, tryY) = (random.uniform(0...side), random.uniform(0...side))
            let ring = (0..<12).filter { index in
                let angle = Double(index) * .pi / 6
                return isTissue(tryX + reach * cos(angle), tryY + reach * sin(angle))
            }
            if ring.count >= 11, isTissue(tryX, tryY) {
                (x, y) = (tryX, tryY)
                break
            }
        }
        (self.x, self.y) = (x, y)
        let size = random.uniform(60...110)
        contrast = random.uniform(0...1) < 0.5 ? size : -size
        waves = (2...4).map { (Double($0), random.uniform(0...0.18), random.uniform(0...(2 * .pi))) }
        mottle = (0..<3).map { _ in
            (random.uniform(-0.9...0.9), random.uniform(-0.9...0.9), random.uniform(0...(2 * .pi)))
        }
    }

    /// The image with the lesion, and its mask.
    func drawn(into image: Image) -> (image: Image, mask: Image) {
        var pixels = image.pixels
        var mask = [UInt8](repeating: 0, count: pixels.count)
        for row in 0..<image.height {
            for column in 0..<image.width {
                let (dx, dy) = (Double(column) + 0.5 - x, Double(row) + 0.5 - y)
                let distance = (dx * dx + dy * dy).squareRoot()
                guard distance < radius * 2 + 4 else { continue }
                let angle = atan2(dy, dx)
                let bend = waves.reduce(1) { $0 + $1.size * cos($1.order * angle + $1.phase) }
                // Half of the contrast at the outline, nearly all or nothing a pixel to either side.
                let share = 1 / (1 + exp((distance - radius * bend) * 2))
                let index = row * image.width + column
                let texture = mottle.reduce(1) { $0 + 0.1 * sin($1.x * dx + $1.y * dy + $1.phase) }
                // Only tissue changes: the lesion ends where the brain ends.
                let tissue = min(1, Double(pixels[index]) / 50)
                let value = Double(pixels[index]) + contrast * share * texture * tissue
                pixels[index] = UInt8(max(0, min(255, value)).rounded())
                if share * tissue > 0.5 { mask[index] = 255 }
            }
        }
        return (
            Image(width: image.width, height: image.height, channels: 1, pixels: pixels),
            Image(width: image.width, height: image.height, channels: 1, pixels: mask)
        )
    }
}
