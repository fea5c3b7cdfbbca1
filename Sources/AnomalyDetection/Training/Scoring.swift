import Foundation
import Torch

/// The scores of a set of test images.
package struct Scoring {
    /// One score an image.
    package let scores: [Double]
    /// All maps one after the other, `[N, S, S]` row by row; empty unless asked for, and from a method without maps.
    let maps: [Float]
    /// Side S of a map; 0 without maps.
    let mapSide: Int

    /// Scores every image with the network in evaluation mode.
    package init(_ method: any Method, images: ImageBatches, seed: UInt64, keepingMaps: Bool) throws {
        // A stream apart from training's: scoring never changes what is trained after it.
        let generator = try Generator(seed: seed ^ 0x5C0E_5C0E_5C0E_5C0E)
        method.network.train(false)
        var scores: [Double] = []
        var maps: [Float] = []
        var mapSide = 0
        for start in stride(from: 0, to: images.count, by: method.scoringBatchSize) {
            let count = min(method.scoringBatchSize, images.count - start)
            let batch = try images.batch(start: start, count: count, normalisation: method.normalisation)
            let result = if method.scoresByGradients {
                try method.scores(batch, generator: generator)
            } else {
                try Tensor.withoutGradients { try method.scores(batch, generator: generator) }
            }
            scores += try result.scores.elements(Float.self).map(Double.init)
            if keepingMaps, let map = result.map {
                mapSide = map.shape[3]
                // Growing by doubling would take twice the memory.
                if start == 0 { maps.reserveCapacity(images.count * mapSide * mapSide) }
                maps += try map.elements(Float.self)
            }
        }
        self.scores = scores
        self.maps = maps
        self.mapSide = mapSide
    }
}
