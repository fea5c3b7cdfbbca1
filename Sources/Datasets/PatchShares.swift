import Foundation
import Imaging

/// Which share of a patch is brown, and which is tissue: by sums over rectangles from the upper left corner.
struct PatchShares {
    private let width: Int
    private var brownSums: [Int]
    private var tissueSums: [Int]

    /// Sorts the pixels of an RGB image: brown where the DAB density exceeds 0.20, tissue where the mean optical density
    /// of the channels exceeds 0.05.
    init(of image: Image) {
        // Haematoxylin, eosin and DAB by red, green and blue (Ruifrok and Johnston, 2001).
        let weights = PatchShares.lastStainWeights([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
        let densities = (0..<256).map { -log10(Double(max($0, 1)) / 255) }
        width = image.width
        brownSums = Array(repeating: 0, count: (image.width + 1) * (image.height + 1))
        tissueSums = brownSums
        for row in 0..<image.height {
            var (brown, tissue) = (0, 0)
            for column in 0..<image.width {
                let start = (row * image.width + column) * 3
                let density = (0..<3).map { densities[Int(image.pixels[start + $0])] }
                if density[0] * weights[0] + density[1] * weights[1] + density[2] * weights[2] > 0.20 { brown += 1 }
                if density[0] + density[1] + density[2] > 3 * 0.05 { tissue += 1 }
                let place = (row + 1) * (image.width + 1) + column + 1
                brownSums[place] = brownSums[place - image.width - 1] + brown
                tissueSums[place] = tissueSums[place - image.width - 1] + tissue
            }
        }
    }

    /// The brown share, 0...1, of the square whose upper left corner is (`x`, `y`).
    func brown(x: Int, y: Int, side: Int) -> Double { share(of: brownSums, x, y, side) }

    /// The share of tissue, 0...1, of the square whose upper left corner is (`x`, `y`).
    func tissue(x: Int, y: Int, side: Int) -> Double { share(of: tissueSums, x, y, side) }

    private func share(of sums: [Int], _ x: Int, _ y: Int, _ side: Int) -> Double {
        func sum(_ column: Int, _ row: Int) -> Int { sums[row * (width + 1) + column] }
        return Double(sum(x + side, y + side) - sum(x, y + side) - sum(x + side, y) + sum(x, y)) / Double(side * side)
    }

    /// The weights of red, green and blue optical density in the third stain's amount: a row of the inverse of the
    /// normalised stain matrix, by Cramer's rule.
    private static func lastStainWeights(_ rows: [[Double]]) -> [Double] {
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
