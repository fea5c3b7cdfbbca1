import Foundation
import Imaging

/// Patches of one immunohistochemistry image: stroma is normal, glands with DAB stain are abnormal. Nothing is drawn.
enum TissuePatches {
    static let about = """
        Patches of 32 × 32 pixels of an immunohistochemistry image of colon tissue (DAB-stained glands in \
        blue-counterstained stroma; scikit-image's ihc.png, Debian package python3-skimage). A patch is normal (stroma) \
        where at most 6 % of its pixels are brown and abnormal (gland) where 7 % to 20 % are; a pixel is brown where its \
        DAB density by colour deconvolution (Ruifrok and Johnston, 2001) exceeds 0.20. Patches for training come from \
        the left 352 columns, those for test from the other columns: no patch lies in both.
        """

    private static let side = 32
    private static let border = 352

    static func images(of image: Image) -> DemoSet {
        let brown = brownness(of: image)
        var set = DemoSet(about: about)
        for y in stride(from: 0, through: image.height - side, by: 8) {
            for x in stride(from: 0, through: image.width - side, by: 8) {
                let share = brown.share(x: x, y: y, side: side)
                let isNormal = share <= 0.06
                guard x + side <= border || x >= border, isNormal || (0.07...0.20).contains(share) else { continue }
                func item(_ kind: String) -> DemoSet.Item {
                    .init(
                        name: String(format: "\(kind)-%03d-%03d.png", y, x),
                        image: image.cropped(x: x, y: y, width: side, height: side),
                        making: ["x": Double(x), "y": Double(y), "brown": (share * 1000).rounded() / 1000])
                }
                if x + side <= border {
                    if isNormal, (x + y) % 16 == 0 { set.train.append(item("stroma")) }
                } else if isNormal {
                    // Normal tissue abounds: fewer of its patches, less alike, as many as there are abnormal ones.
                    if x % 16 == 0, y % 16 == 0 { set.normal.append(item("stroma-test")) }
                } else {
                    set.abnormal.append(item("gland-test"))
                }
            }
        }
        return set
    }

    /// Which pixels are brown, as sums over rectangles from the upper left corner.
    private struct Brownness {
        let width: Int
        let sums: [Int]

        func share(x: Int, y: Int, side: Int) -> Double {
            func sum(_ column: Int, _ row: Int) -> Int { sums[row * (width + 1) + column] }
            let count = sum(x + side, y + side) - sum(x, y + side) - sum(x + side, y) + sum(x, y)
            return Double(count) / Double(side * side)
        }
    }

    private static func brownness(of image: Image) -> Brownness {
        // The third row of the inverse of the normalised stain matrix (haematoxylin, eosin, DAB by red, green, blue).
        let stains = [[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]]
        let weights = densityWeights(stains)
        let width = image.width
        var sums = [Int](repeating: 0, count: (width + 1) * (image.height + 1))
        for row in 0..<image.height {
            var line = 0
            for column in 0..<width {
                let start = (row * width + column) * 3
                let density = (0..<3).reduce(0.0) { sum, channel in
                    sum - log10(max(Double(image.pixels[start + channel]), 1) / 255) * weights[channel]
                }
                if density > 0.20 { line += 1 }
                sums[(row + 1) * (width + 1) + column + 1] = sums[row * (width + 1) + column + 1] + line
            }
        }
        return Brownness(width: width, sums: sums)
    }

    /// The weights of red, green and blue optical density in the third stain's amount: by Cramer's rule.
    private static func densityWeights(_ rows: [[Double]]) -> [Double] {
        let unit = rows.map { row in
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / length }
        }
        let (h, e, d) = (unit[0], unit[1], unit[2])
        let cross = [h[1] * e[2] - h[2] * e[1], h[2] * e[0] - h[0] * e[2], h[0] * e[1] - h[1] * e[0]]
        let determinant = cross[0] * d[0] + cross[1] * d[1] + cross[2] * d[2]
        return cross.map { $0 / determinant }
    }
}
