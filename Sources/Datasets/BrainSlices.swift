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
