import Catalogue
import Torch

/// PatchCore (Roth et al., 2022): a bank of features of normal patches, thinned to a coreset, in which each patch of an image
/// looks for its nearest.
final class PatchCore: Model {
    let embedding: PatchEmbedding
    let memory: PatchMemory
    let normalisation: ImageNormalisation
    private let context: ModelContext
    private let key: [String]
    private let fraction: Double
    private let limit: Int
    private let candidateLimit: Int

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.context = context
        let backbone = try Backbone.network(settings, context: context, reach: .sixteenth)
        embedding = PatchEmbedding(backbone: backbone, kind: try settings[PatchCoreOptions.embedding])
        memory = try PatchMemory(width: embedding.width)
        normalisation = try settings[BackboneOptions.backbone].normalisation
        key = try ["patches", settings[PatchCoreOptions.embedding].rawValue] + BackboneFeatures.key(settings)
        fraction = try settings[PatchCoreOptions.fraction]
        limit = try settings[PatchCoreOptions.limit]
        candidateLimit = try settings[PatchCoreOptions.candidates]
    }

    var network: Module { memory }
    var constants: [Module] { [embedding.backbone] }

    /// Patches of an image.
    private var patches: Int { (context.data.side / 8) * (context.data.side / 8) }

    var stages: [Stage] {
        let (memory, embedding, patches, count) = (memory, embedding, patches, context.data.count)
        let candidates = min(candidateLimit, count * patches)
        let width = embedding.width
        // Drawn weights are another network in each job.
        let cache = key.contains("random") ? nil : context.features?.entry(key, count: count, width: patches * width)
        let picks = min(limit, candidates, max(1, Int(fraction * Double(count * patches))))
        return [
            .fit(
                FitStage(
                    "patch features", batchSize: 16,
                    begin: { try memory.begin(candidates: candidates, of: count * patches, generator: $0) }
                ) { images, range in
                    let features: Tensor
                    if let known = try cache?.features(range) {
                        features = try known.to(images.device)
                    } else {
                        // Rounded whether they are kept or not: a job's numbers must not depend on that.
                        features = try embedding(images).to(.half).reshaped([range.count, patches * width])
                        cache?.keep(try features.to(.cpu), of: range)
                    }
                    try memory.gather(features.reshaped([-1, width]), first: range.lowerBound * patches)
                }),
            .iteration(
                IterationStage(
                    "coreset", unit: "picks", count: picks, chunk: 50,
                    begin: { try memory.beginPicking(picks, generator: $0) }, finish: { try memory.finish() }
                ) { try memory.pick($0) }),
        ]
    }
}

/// Scores each patch by its squared distance from the nearest in the bank.
final class NearestPatchScorer: Scorer {
    private let model: PatchCore
    private let reading: MapReading
    private let neighbours: Int
    private let smoothing: GaussianSmoothing
    let batchSize = 8

    init(_ model: PatchCore, _ settings: MethodSettings) throws {
        self.model = model
        reading = try settings[MapOptions.score]
        neighbours = try settings[PatchCoreOptions.reweight]
        smoothing = try GaussianSmoothing(settings)
    }

    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let (count, side) = (images.shape[0], images.shape[3])
        // What the bank was made of was rounded likewise.
        let patches = try model.embedding(images).to(.half).to(.float).reshaped([-1, model.embedding.width])
        let nearest = try model.memory.nearest(patches)
        let grid = try nearest.distances.reshaped([count, 1, side / 8, side / 8])
        let stretched = try grid.resizedBilinear(height: images.shape[2], width: side)
        let scores = neighbours > 0
            ? try Self.reweighted(
                nearest, patches: patches, bank: model.memory.bank.tensor, count: count, neighbours: neighbours)
            : try reading.scores(grid)
        return AnomalyScores(scores: scores, map: try smoothing(stretched))
    }

    /// The largest plain distance of each image, times 1 less the softmax, at the worst patch's nearest, of the plain distances from
    /// that patch to the nearest's own neighbours (equation 7 of the paper).
    /// - Parameters:
    ///   - patches: `[N · P, C]`, as many of each of the `count` images.
    ///   - neighbours: how many of the bank's are looked at, the nearest itself among them.
    static func reweighted(
        _ nearest: PatchMemory.Nearest, patches: Tensor, bank: Tensor, count: Int, neighbours: Int
    ) throws -> Tensor {
        let worst = try nearest.distances.reshaped([count, -1]).maximum(axis: 1)
        let first = try Tensor((0..<count).map { Int64($0 * nearest.distances.count / count) }).to(patches.device)
        let places = try worst.indices + first
        let entries = try bank.to(.float)
        let found = try entries.selecting(nearest.indices.selecting(places))
        let around = try found.squaredDistances(to: entries).topK(min(neighbours, entries.shape[0]), axis: 1, largest: false).indices
        let patch = try patches.selecting(places)
        let size = around.shape[1]
        let others = try entries.selecting(around.reshaped([-1])).reshaped([count, size, -1])
        let distances = try (others - patch.reshaped([count, 1, -1])).squared().sum(axes: [2]).squareRoot()
        let share = try distances.softmax(axis: 1).narrowed(axis: 1, start: 0, length: 1).reshaped([count])
        return try (1 - share) * worst.values.squareRoot()
    }
}

extension Method {
    static let patchCore = Method(
        .patchCore,
        small: [
            "input_size": 32, "backbone": "efficientnet-lite0", "weights": "random", "coreset_fraction": 0.7, "candidates": 150,
            "map_smoothing": 1,
        ], model: PatchCore.self
    ) { model, settings, _ in try NearestPatchScorer(model, settings) }
}
