import Foundation
import Torch

/// Scores test images in chunks. Each chunk has a random stream of its own, so that where a scoring was stopped, or by how many it
/// was shared, changes no score.
package struct Scoring {
    private let state: TrainingState
    private var scorer: any Scorer { state.scorer }
    private var model: any Model { state.model }
    let images: ImageBatches
    let seed: UInt64
    let keepsMaps: Bool

    package init(_ state: TrainingState, images: ImageBatches, keepsMaps: Bool) {
        self.state = state
        self.images = images
        seed = UInt64(bitPattern: Int64(state.job.seed))
        self.keepsMaps = keepsMaps
    }

    /// The chunks that all images are scored in: what can be given away or stopped between.
    package var chunks: [Range<Int>] {
        stride(from: 0, to: images.count, by: scorer.batchSize).map { $0..<min($0 + scorer.batchSize, images.count) }
    }

    /// Scores a chunk and puts it behind what is there.
    /// - Throws: ``TrainingError`` when `range` is none of ``chunks``.
    package func score(_ range: Range<Int>, into result: inout PartialScoring) throws {
        guard range.lowerBound % scorer.batchSize == 0, range.upperBound <= images.count, range.count <= scorer.batchSize else {
            throw TrainingError("images \(range) are no chunk of \(images.count) scored \(scorer.batchSize) at a time")
        }
        // A stream apart from training's: scoring never changes what is trained after it.
        let generator = try Generator(seed: (seed ^ 0x5C0E_5C0E_5C0E_5C0E) &+ UInt64(range.lowerBound) &* 0x9E37_79B9_7F4A_7C15)
        model.network.train(false)
        scorer.network?.train(false)
        let batch = try images.batch(start: range.lowerBound, count: range.count, normalisation: model.normalisation)
        let scored = try state.inPrecision {
            try scorer.needsGradients
                ? scorer.scores(batch, generator: generator)
                : Tensor.withoutGradients { try scorer.scores(batch, generator: generator) }
        }
        result.scores += try scored.scores.to(.float).elements(Float.self).map(Double.init)
        if keepsMaps, let map = scored.map {
            // Growing by doubling would take twice the memory.
            if result.maps.isEmpty { result.maps.reserveCapacity(images.count * map.shape[2] * map.shape[3]) }
            result.mapSide = map.shape[3]
            result.maps += try map.to(.float).elements(Float.self)
        }
    }

    /// All images in one go.
    package func all() throws -> PartialScoring {
        var result = PartialScoring()
        for chunk in chunks { try score(chunk, into: &result) }
        return result
    }
}
