import Foundation
import Torch

/// The scores of a set of test images.
package struct Scoring {
    /// One score an image: the mean of its map.
    package let scores: [Double]
    /// All maps one after the other, `[N, S, S]` row by row; empty unless asked for.
    let maps: [Float]

    /// Images scored at once. It is a constant since another batch gives other last digits.
    private static let batchSize = 64

    /// Scores every image with the network in evaluation mode.
    package init(_ method: any Method, images: ImageBatches, seed: UInt64, keepingMaps: Bool) throws {
        // A stream apart from training's: scoring never changes what is trained after it.
        let generator = try Generator(seed: seed ^ 0x5C0E_5C0E_5C0E_5C0E)
        method.network.train(false)
        var scores: [Double] = []
        var maps: [Float] = []
        for start in stride(from: 0, to: images.count, by: Scoring.batchSize) {
            let count = min(Scoring.batchSize, images.count - start)
            let map = try Tensor.withoutGradients {
                try method.scoreMap(images.batch(start: start, count: count), generator: generator)
            }
            scores += try map.mean(axes: [1, 2, 3]).elements(Float.self).map(Double.init)
            if keepingMaps { maps += try map.elements(Float.self) }
        }
        self.scores = scores
        self.maps = maps
    }
}

/// The file `scores.json`: one entry a test image, in the data set's order.
struct ScoreFile: Codable {
    var names: [String]
    /// 0: normal, 1: abnormal.
    var labels: [Int]
    var scores: [Double]
}
