import Catalogue
import Imaging
import Torch

/// A few test images to look at: of each class those that the method found most and least abnormal, one a row with its
/// reconstruction, its map and its mask where there are any.
struct Examples {
    /// What the rows show.
    let description: ExampleRows
    /// The rows as one image. Maps are stretched from their own lowest to their own highest value, as the study shows them.
    let sheet: Image

    /// Picks the images and reconstructs them, with the network in evaluation mode.
    /// - Parameter countPerEnd: images at either end of each class.
    init(_ model: any Model, data: JobData, scoring: PartialScoring, countPerEnd: Int, seed: Int) throws {
        let chosen = Examples.choose(countPerEnd, scores: scoring.scores, labels: data.labels)
        let images = try data.test.batch(Tensor(chosen.map { Int64($0.index) }), normalisation: model.normalisation)
        // A stream apart from those of training and scoring.
        let generator = try Generator(seed: UInt64(bitPattern: Int64(seed)) ^ 0xE8A3_71E5_E8A3_71E5)
        model.network.train(false)
        let reconstructions = try Tensor.withoutGradients { try model.reconstruction(of: images, generator: generator) }
        var columns: [(name: String, tiles: [Image])] = [("input", try Examples.tiles(images, model.normalisation))]
        if let reconstructions, reconstructions.shape == images.shape {
            columns.append(("reconstruction", try Examples.tiles(reconstructions, model.normalisation)))
        }
        if scoring.mapSide > 0 {
            columns.append(("map", chosen.map { Examples.tile(scoring.maps, map: $0.index, side: scoring.mapSide) }))
        }
        if let masks = data.masks {
            columns.append(("mask", masks.withUnsafeBytes { bytes -> [Image] in
                let size = masks.width * masks.height
                return chosen.map { entry in
                    let pixels = bytes[entry.index * size..<(entry.index + 1) * size].map { $0 == 0 ? 0 : 255 as UInt8 }
                    return Image(width: masks.width, height: masks.height, channels: 1, pixels: pixels)
                }
            }))
        }
        let side = min(max(images.shape[3], 64), 256)
        sheet = ContactSheet.make(
            chosen.indices.flatMap { row in columns.map { $0.tiles[row] } }, columns: columns.count, side: side)
        description = ExampleRows(
            columns: columns.map(\.name),
            rows: chosen.map {
                .init(
                    name: data.names[$0.index], label: data.labels[$0.index] ? 1 : 0, score: scoring.scores[$0.index],
                    end: $0.isHighest ? "highest" : "lowest")
            })
    }

    /// The images at either end of each class, abnormal ones first, from the highest score to the lowest; of a small
    /// class each image once.
    static func choose(_ countPerEnd: Int, scores: [Double], labels: [Bool]) -> [(index: Int, isHighest: Bool)] {
        [true, false].flatMap { label -> [(index: Int, isHighest: Bool)] in
            let order = scores.indices.filter { labels[$0] == label }.sorted { (scores[$0], $1) > (scores[$1], $0) }
            let highest = order.prefix(countPerEnd)
            let lowest = order.dropFirst(highest.count).suffix(countPerEnd)
            return highest.map { ($0, true) } + lowest.map { ($0, false) }
        }
    }

    /// Images `[N, C, S, S]` as bytes again; what is out of range is clipped.
    private static func tiles(_ images: Tensor, _ normalisation: ImageNormalisation) throws -> [Image] {
        let (count, channels, height, width) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
        let values = try images.elements(Float.self)
        let size = height * width
        return (0..<count).map { image in
            var pixels: [UInt8] = []
            pixels.reserveCapacity(size * channels)
            for place in 0..<size {
                for channel in 0..<channels {
                    let kind = min(channel, normalisation.mean.count - 1)
                    let value = values[(image * channels + channel) * size + place]
                    pixels.append(Examples.byte(value * normalisation.deviation[kind] + normalisation.mean[kind]))
                }
            }
            return Image(width: width, height: height, channels: channels, pixels: pixels)
        }
    }

    /// A map, stretched over its own range.
    private static func tile(_ maps: [Float], map: Int, side: Int) -> Image {
        let values = maps[map * side * side..<(map + 1) * side * side]
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        return Image(
            width: side, height: side, channels: 1,
            pixels: values.map { high > low ? Examples.byte(($0 - low) / (high - low)) : 0 })
    }

    private static func byte(_ share: Float) -> UInt8 { UInt8((max(0, min(1, share.isFinite ? share : 0)) * 255).rounded()) }
}
