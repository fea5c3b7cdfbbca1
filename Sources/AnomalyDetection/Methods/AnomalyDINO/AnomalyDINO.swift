import Catalogue
import Torch

/// AnomalyDINO (Damm et al., 2025): a bank of a vision transformer's patch tokens of a few normal images, or of all, in which each
/// patch looks for its nearest.
final class AnomalyDINO: Model {
    let memory: PatchMemory
    let backbone: VisionTransformer
    let normalisation: ImageNormalisation
    private let count: Int
    private let shots: Int
    private let limit: Int
    private let candidateLimit: Int
    private let patches: Int
    private let cache: FeatureCacheEntry?

    init(_ settings: MethodSettings, context: ModelContext) throws {
        count = context.data.count
        shots = try settings[AnomalyDINOOptions.shots]
        guard shots <= count else {
            throw TrainingError(
                "shots is \(shots) but the data set has \(count) training images; use as many or fewer, or 0 for all")
        }
        backbone = try VisionTransformer.frozen(settings, context: context)
        memory = try PatchMemory(width: backbone.shape.width)
        normalisation = try settings[BackboneOptions.backbone].normalisation
        limit = try settings[PatchCoreOptions.limit]
        candidateLimit = try settings[PatchCoreOptions.candidates]
        let side = context.data.side / VisionTransformer.patchSide
        patches = side * side
        // Drawn weights are another network in each job; of a few images nothing is worth keeping.
        let isShared = try settings[BackboneOptions.weights] != .random && shots == 0
        let key = try ["tokens"] + BackboneFeatures.key(settings)
        cache = isShared ? context.features?.entry(key, count: count, width: patches * backbone.shape.width) : nil
    }

    var network: Module { memory }
    var constants: [Module] { [backbone] }

    var stages: [Stage] {
        let (memory, patches, count, shots) = (memory, patches, count, shots)
        let total = (shots == 0 ? count : shots) * patches
        let candidates = min(candidateLimit, total)
        let picks = min(limit, candidates)
        return [
            .fit(
                FitStage(
                    "patch features", batchSize: 8, begin: { try self.begin(candidates: candidates, generator: $0) }
                ) { images, range in
                    let places = range.lowerBound * patches..<range.upperBound * patches
                    guard try memory.hasCandidates(among: places) else { return }
                    try memory.gather(self.tokens(images, range), first: places.lowerBound)
                }),
            .iteration(
                IterationStage(
                    "coreset", unit: "picks", count: picks, chunk: 50,
                    begin: { try memory.beginPicking(picks, generator: $0) }, finish: { try memory.finish() }
                ) { try memory.pick($0) }),
        ]
    }

    /// Draws the images, if they are few, and among their patches the candidates.
    private func begin(candidates: Int, generator: Generator) throws {
        guard shots > 0 else { return try memory.begin(candidates: candidates, of: count * patches, generator: generator) }
        let images = try Tensor.randomPermutation(count, generator: generator).narrowed(axis: 0, start: 0, length: shots)
        let places = try images.elements(Int64.self).flatMap { image in (0..<patches).map { image * Int64(patches) + Int64($0) } }
        let all = try Tensor(places)
        guard candidates < places.count else { return try memory.begin(places: all) }
        let drawn = try Tensor.randomPermutation(places.count, generator: generator).narrowed(axis: 0, start: 0, length: candidates)
        try memory.begin(places: all.selecting(drawn))
    }

    /// The tokens of training images, half precision `[n · P, d]`, from the cache where they are there.
    private func tokens(_ images: Tensor, _ range: Range<Int>) throws -> Tensor {
        if let known = try cache?.features(range) { return try known.to(images.device).reshaped([-1, backbone.shape.width]) }
        // Rounded whether they are kept or not: a job's numbers must not depend on that.
        let features = try tokens(images).to(.half)
        cache?.keep(try features.reshaped([range.count, -1]).to(.cpu), of: range)
        return features
    }

    /// The tokens of all patches, of norm 1: `[N · P, d]`.
    func tokens(_ images: Tensor) throws -> Tensor {
        let tokens = try backbone.patches(images)
        return try tokens.reshaped([-1, tokens.shape[2]]).to(.float).normalised(axis: 1)
    }

    /// 1 - cos of the angle to the nearest in the bank, `[N, 1, S/14, S/14]`.
    func map(_ images: Tensor) throws -> Tensor {
        let side = images.shape[3] / VisionTransformer.patchSide
        // What the bank was made of was rounded likewise.
        let nearest = try memory.nearest(tokens(images).to(.half).to(.float))
        return try (nearest.distances * 0.5).reshaped([images.shape[0], 1, side, side])
    }
}

extension VisionTransformer {
    /// The transformer that a job's options name, frozen and in evaluation mode.
    static func frozen(_ settings: MethodSettings, context: ModelContext) throws -> VisionTransformer {
        guard let network = try Backbone.network(settings, context: context) as? VisionTransformer else {
            let name = try settings[BackboneOptions.backbone].rawValue
            throw TrainingError("the backbone '\(name)' is no vision transformer; use a dinov2 one")
        }
        return network
    }
}

extension Method {
    static let anomalyDINO = Method(
        .anomalyDINO, small: smallTransformer.merging(["shots": 5, "coreset_limit": 14, "map_smoothing": 1]) { $1 },
        model: AnomalyDINO.self
    ) { model, settings, _ in
        let smoothing = try GaussianSmoothing(settings)
        return try MapScorer(settings, batchSize: 8) { images, _ in
            let map = try model.map(images)
            return .init(try smoothing(map.resizedBilinear(height: images.shape[2], width: images.shape[3])), readFrom: map)
        }
    }

    /// The smallest settings of methods on vision transformers.
    static let smallTransformer: Settings = ["input_size": 28, "backbone": "vit_tiny14", "weights": "random"]
}
