import Catalogue
import Torch

/// A network trained on ImageNet that is used as it is: the mean over all places of its last level's features.
final class ImageNetFeatures: Model {
    let backbone: any FeatureNetwork
    let normalisation: ImageNormalisation
    /// Images that go through the network at once.
    static let batchSize = 32

    init(_ settings: MethodSettings, context: ModelContext) throws {
        backbone = try Backbone.network(settings, context: context, reach: .whole)
        normalisation = try settings[BackboneOptions.backbone].normalisation
    }

    /// Nothing of it changes, so nothing is saved.
    let network = Module()
    var constants: [Module] { [backbone] }
    var stages: [Stage] { [] }

    /// The pooled features of images, `[N, C]`, of Euclidean norm 1.
    func features(_ images: Tensor) throws -> Tensor {
        let levels = try backbone.features(images)
        return try levels[levels.count - 1].mean(axes: [2, 3]).normalised(axis: 1)
    }
}

/// Scores by the distance from a Gaussian that was fitted to the features of the training images; there is no map.
final class GaussianDensityScorer: Scorer {
    private let model: ImageNetFeatures
    private let density: GaussianDensity
    private let key: [String]
    private let context: ModelContext

    init(_ model: ImageNetFeatures, _ settings: MethodSettings, _ context: ModelContext) throws {
        self.model = model
        self.context = context
        density = try GaussianDensity(width: model.backbone.channels.last!)
        key = try ["pooled"] + BackboneFeatures.key(settings)
    }

    var network: Module? { density }
    var batchSize: Int { ImageNetFeatures.batchSize }

    var stages: [Stage] {
        let (model, count) = (model, context.data.count)
        // Drawn weights are another network in each job.
        let cache = key.contains("random") ? nil : context.features?.entry(key, count: count, width: model.backbone.channels.last!)
        return [
            density.stage(count: count, batchSize: ImageNetFeatures.batchSize) { images, range in
                if let known = try cache?.features(range) { return try known.to(.float).to(images.device) }
                // Rounded whether they are kept or not: a job's numbers must not depend on that.
                let features = try model.features(images).to(.half)
                cache?.keep(try features.to(.cpu), of: range)
                return try features.to(.float)
            }
        ]
    }

    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        AnomalyScores(scores: try density.distances(model.features(images).to(.half).to(.float)))
    }
}

extension Method {
    static let resNet18ImageNet = Method(
        .resNet18ImageNet, small: ["input_size": 32, "backbone": "efficientnet-lite0", "weights": "random"],
        model: ImageNetFeatures.self
    ) { model, settings, context in try GaussianDensityScorer(model, settings, context) }
}
