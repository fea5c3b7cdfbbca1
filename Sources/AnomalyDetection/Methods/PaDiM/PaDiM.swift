import Catalogue
import Torch

/// PaDiM (Defard et al., 2021): at each place of the image a Gaussian of pretrained features.
final class PaDiM: Model {
    let gaussians: PlaceGaussians
    let backbone: any FeatureNetwork
    let normalisation: ImageNormalisation
    private let count: Int

    init(_ settings: MethodSettings, context: ModelContext) throws {
        backbone = try Backbone.network(settings, context: context, reach: .sixteenth)
        normalisation = try settings[BackboneOptions.backbone].normalisation
        count = context.data.count
        let all = backbone.channels.suffix(3).reduce(0, +)
        let wanted = try settings[PaDiMOptions.channels]
        guard wanted <= all else {
            let name = try settings[BackboneOptions.backbone].rawValue
            throw TrainingError(
                "embedding_size is \(wanted) but the levels of \(name) have \(all) channels; use as many or fewer")
        }
        let side = context.data.side / 4
        gaussians = try PlaceGaussians(places: side * side, channels: wanted, of: all)
    }

    var network: Module { gaussians }
    var constants: [Module] { [backbone] }

    var stages: [Stage] {
        let (gaussians, count) = (gaussians, count)
        return [
            .fit(
                FitStage(
                    "Gaussians", batchSize: 16, begin: { try gaussians.begin(generator: $0) },
                    finish: { try gaussians.finish(count: count) }
                ) { images, range in try gaussians.gather(self.embedding(images), isFirst: range.lowerBound == 0) })
        ]
    }

    /// All levels at the finest one's places, `[N, D, S/4, S/4]`.
    private func embedding(_ images: Tensor) throws -> Tensor {
        let levels = try backbone.levels(images)
        let (height, width) = (levels[0].shape[2], levels[0].shape[3])
        return try .concatenated(levels.map { try $0.resizedNearest(height: height, width: width) }, axis: 1)
    }

    /// The distance of each place from its Gaussian, stretched to the image's size.
    func map(_ images: Tensor) throws -> Tensor {
        let embedding = try embedding(images)
        let distances = try gaussians.distances(embedding).reshaped([images.shape[0], 1, embedding.shape[2], embedding.shape[3]])
        return try distances.resizedBilinear(height: images.shape[2], width: images.shape[3])
    }
}

/// A Gaussian at each of P places, of d channels out of D.
final class PlaceGaussians: Module {
    /// The channels that were drawn, int64 `[d]`.
    let channels: Buffer
    /// The mean of the first batch while sums are taken, from which they are less far than from nothing: `[P, d]`.
    private let origin: Buffer
    /// μ, at first the sum of what is added to the origin: `[P, d]`.
    let mean: Buffer
    /// L of the Cholesky decomposition L Lᵀ = Σ, at first the sum of outer products: `[P, d, d]`.
    let factor: Buffer
    private let total: Int

    /// What is added to the diagonal of Σ, so that few images are enough.
    private static let regularisation = 0.01
    /// Numbers of matrices that are decomposed at once.
    private static let numbersAtOnce = 1 << 24

    init(places: Int, channels count: Int, of total: Int) throws(TorchError) {
        channels = Buffer(try .zeros([count], type: .int64))
        origin = Buffer(try .zeros([places, count]))
        mean = Buffer(try .zeros([places, count]))
        factor = Buffer(try .zeros([places, count, count]))
        self.total = total
        super.init()
    }

    /// Draws the channels.
    func begin(generator: Generator) throws(TorchError) {
        let drawn = try Tensor.randomPermutation(total, generator: generator)
        try channels.replace(drawn.narrowed(axis: 0, start: 0, length: channels.tensor.count))
        for buffer in [origin, mean, factor] { try buffer.tensor.fill(0) }
    }

    /// The drawn channels of an embedding `[N, D, H, W]`: `[P, N, d]`.
    private func rows(_ embedding: Tensor) throws(TorchError) -> Tensor {
        let chosen = try embedding.to(.float).selecting(channels.tensor, axis: 1)
        return try chosen.reshaped([chosen.shape[0], chosen.shape[1], -1]).permuted([2, 0, 1])
    }

    /// Adds the places of an embedding `[N, D, H, W]` to the sums.
    func gather(_ embedding: Tensor, isFirst: Bool) throws {
        let rows = try rows(embedding)
        if isFirst { try origin.tensor.copy(from: rows.mean(axes: [1])) }
        let centred = try rows - origin.tensor.reshaped([origin.tensor.shape[0], 1, -1])
        try mean.tensor.accumulate(centred.sum(axes: [1]))
        try Tensor.withAutocast(false, on: centred.device) {
            try factor.tensor.accumulateProducts(centred.permuted([0, 2, 1]), centred)
        }
    }

    /// Makes means and factors of the sums over `count` images, where they are: there may be no room for a second copy.
    func finish(count: Int) throws {
        let (matrices, places, size) = (factor.tensor, mean.tensor.shape[0], mean.tensor.shape[1])
        let shift = try mean.tensor / Double(count)
        try Tensor.withAutocast(false, on: shift.device) {
            try matrices.accumulateProducts(
                shift.reshaped([places, size, 1]), shift.reshaped([places, 1, size]), scale: -Double(count) / Double(count - 1),
                own: 1 / Double(count - 1))
        }
        try matrices.accumulate(Tensor.identity(size, device: matrices.device) * Self.regularisation)
        let step = max(1, Self.numbersAtOnce / (size * size))
        for start in stride(from: 0, to: places, by: step) {
            let part = try matrices.narrowed(axis: 0, start: start, length: min(step, places - start))
            try part.copy(from: part.choleskyFactor())
        }
        try mean.tensor.copy(from: origin.tensor + shift)
    }

    /// √((f - μ)ᵀ Σ⁻¹ (f - μ)) at each place of an embedding `[N, D, H, W]`: `[N, P]`.
    func distances(_ embedding: Tensor) throws -> Tensor {
        let rows = try rows(embedding)
        let centred = try rows - mean.tensor.reshaped([mean.tensor.shape[0], 1, -1])
        let whitened = try Tensor.withAutocast(false, on: centred.device) {
            try centred.permuted([0, 2, 1]).solvedTriangular(factor.tensor)
        }
        return try whitened.squared().sum(axes: [1]).squareRoot().transposed()
    }
}

extension Method {
    static let padim = Method(
        .padim, small: smallFeatures.merging(["embedding_size": 6, "map_smoothing": 1]) { $1 }, model: PaDiM.self
    ) { model, settings, _ in
        let smoothing = try GaussianSmoothing(settings)
        return try MapScorer(settings, batchSize: 16) { images, _ in .init(try smoothing(model.map(images))) }
    }
}
