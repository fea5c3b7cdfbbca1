import Catalogue
import Torch

/// A model that makes a row of numbers of each image, whose density is its score.
protocol PooledFeatures: Model {
    /// C, numbers of an image.
    var width: Int { get }
    /// The features of images as the network gives them, `[N, C]`.
    func pooled(_ images: Tensor) throws -> Tensor
    /// Whether neighbours are looked for among the features as they are, and not among those of unit norm.
    var comparesRawFeatures: Bool { get }
    /// What the features depend on besides the data set's content, where the network is not the job's own; else `nil`.
    var cacheKey: [String]? { get }
}

extension ImageCrop {
    /// The middle of images `[N, C, S, S]`, or all of them.
    func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor {
        let side = side(of: images.shape[3])
        guard side < images.shape[3] else { return images }
        let start = (images.shape[3] - side) / 2
        return try images.narrowed(axis: 2, start: start, length: side).narrowed(axis: 3, start: start, length: side)
    }
}

/// Scores by how far an image's features are from those of the training images; there is no map.
final class DensityScorer: Scorer {
    private let model: any PooledFeatures
    private let gaussian: GaussianDensity?
    private let neighbours: NearestImages?
    private let count: Int
    private let cache: FeatureCacheEntry?
    let batchSize = 32

    init(_ model: any PooledFeatures, _ settings: MethodSettings, _ context: ModelContext) throws {
        self.model = model
        count = context.data.count
        let isGaussian = try settings[DensityOptions.density] == .gaussian
        gaussian = isGaussian ? try GaussianDensity(width: model.width) : nil
        let wanted = try settings[DensityOptions.neighbours]
        guard isGaussian || wanted <= count else {
            throw TrainingError("neighbours is \(wanted) but the data set has \(count) training images; use as many or fewer")
        }
        neighbours = isGaussian ? nil : try NearestImages(count: count, width: model.width, neighbours: wanted)
        let (images, width) = (count, model.width)
        cache = model.cacheKey.flatMap { context.features?.entry($0, count: images, width: width) }
    }

    var network: Module? { gaussian ?? neighbours }

    var stages: [Stage] {
        if let gaussian {
            return [gaussian.stage(count: count, batchSize: batchSize) { try self.compared(self.training($0, $1)) }]
        }
        guard let neighbours else { return [] }
        return [
            .fit(FitStage("density", batchSize: batchSize) { images, range in
                try neighbours.keep(self.compared(self.training(images, range)), of: range)
            })
        ]
    }

    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let features = try model.pooled(images)
        let compared = try compared(model.cacheKey == nil ? features : features.to(.half).to(.float))
        return AnomalyScores(scores: try gaussian?.distances(compared) ?? neighbours!.distances(compared))
    }

    /// The features of training images, from the cache where they are there.
    private func training(_ images: Tensor, _ range: Range<Int>) throws -> Tensor {
        if let known = try cache?.features(range) { return try known.to(.float).to(images.device) }
        let features = try model.pooled(images)
        guard model.cacheKey != nil else { return features }
        // Rounded whether they are kept or not: a job's numbers must not depend on that.
        let rounded = try features.to(.half)
        cache?.keep(try rounded.to(.cpu), of: range)
        return try rounded.to(.float)
    }

    private func compared(_ features: Tensor) throws -> Tensor {
        gaussian == nil && model.comparesRawFeatures ? features : try features.normalised(axis: 1)
    }
}

/// The features of all training images, among which the nearest of others are looked for.
final class NearestImages: Module {
    /// `[N, C]`
    let bank: Buffer
    private let neighbours: Int

    init(count: Int, width: Int, neighbours: Int) throws(TorchError) {
        bank = Buffer(try .zeros([count, width]))
        self.neighbours = neighbours
        super.init()
    }

    /// Takes over the features `[n, C]` of the images of `range`.
    func keep(_ features: Tensor, of range: Range<Int>) throws(TorchError) {
        try bank.tensor.narrowed(axis: 0, start: range.lowerBound, length: range.count).copy(from: features)
    }

    /// The sum of the squared Euclidean distances from the nearest, of features `[n, C]`: `[n]`.
    func distances(_ features: Tensor) throws -> Tensor {
        // Distances are differences of large products: bfloat16 would leave little of them.
        try Tensor.withAutocast(false, on: features.device) {
            let distances = try features.to(.float).squaredDistances(to: bank.tensor)
            return try distances.topK(neighbours, axis: 1, largest: false).values.sum(axes: [1])
        }
    }
}
