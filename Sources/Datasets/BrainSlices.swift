import Foundation
import Imaging

/// Slices of the Colin 27 brain: normal anatomy for training and test, and test slices with a lesion drawn into them.
enum BrainSlices {
    /// Side of the stored images in pixels.
    static let side = 128

    static let about = """
        Slices of the Colin 27 average brain (one person, T1-weighted MRI averaged over 27 scans, skull-stripped; \
        BSD-3-clause, Debian package mricron-data), padded to a square and resized to 128 pixels; values 0 to 180 become grey levels 0 to 255. The slices, half a \
        millimetre apart, are used in turn: 26 for training, 4 left out, 8 for test, 4 left out, since neighbours are \
        alike. Normal test images are test slices as they are; abnormal ones are the same slices with one lesion drawn \
        by a seeded synthesis: a blob of uneven outline (radius in pixels given, 7 to 14), inside the brain, brighter or \
        darker than the tissue by the contrast given (grey levels of 255), mottled, with an edge about two pixels wide; \
        the mask marks where it changes the image by more than half of its contrast.
        """

    /// Least share of the picture that is brain for a slice to be used.
    private static let leastBrain = 0.12

    static func images(of volume: NIfTIVolume, axis: NIfTIVolume.Axis) -> DemoSet {
        let count = axis == .axial ? volume.size.z : volume.size.y
        let slices = (0..<count).map { (index: $0, image: picture(volume, axis, $0)) }.filter { slice in
            let brain = slice.image.pixels.count { $0 > 30 }
            return Double(brain) >= leastBrain * Double(side * side)
        }
        var set = DemoSet(about: about)
        for (place, slice) in slices.enumerated() {
            let name = String(format: "%03d.png", slice.index)
            switch place % 42 {
            case ..<26:
                set.train.append(.init(name: "train-\(name)", image: slice.image, making: ["slice": Double(slice.index)]))
            case 30..<38:
                set.normal.append(.init(name: "normal-\(name)", image: slice.image, making: ["slice": Double(slice.index)]))
                let lesion = Lesion(in: slice.image, seed: UInt64(slice.index) << 8 | (axis == .axial ? 1 : 2))
                let (image, mask) = lesion.drawn(into: slice.image)
                set.abnormal.append(.init(
                    name: "lesion-\(name)", image: image, mask: mask,
                    making: [
                        "slice": Double(slice.index), "x": lesion.x, "y": lesion.y, "radius": lesion.radius,
                        "contrast": lesion.contrast, "seed": Double(lesion.seed),
                    ]))
            default: break
            }
        }
        return set
    }

    private static func picture(_ volume: NIfTIVolume, _ axis: NIfTIVolume.Axis, _ index: Int) -> Image {
        let slice = volume.slice(axis, at: index, window: 0...180)
        let square = max(slice.width, slice.height)
        let (left, top) = ((square - slice.width) / 2, (square - slice.height) / 2)
        var pixels = [UInt8](repeating: 0, count: square * square)
        for row in 0..<slice.height {
            let start = (top + row) * square + left
            pixels.replaceSubrange(
                start..<start + slice.width, with: slice.pixels[row * slice.width..<(row + 1) * slice.width])
        }
        return Image(width: square, height: square, channels: 1, pixels: pixels)
            .resized(width: side, height: side, filter: .bilinear)
    }
}

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

/// Vigna's SplitMix64: the same numbers on every machine.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * Double(next() >> 11) / Double(1 << 53)
    }
}
