import Catalogue
import Torch

/// A network trained on ImageNet that is used as it is: the mean over all places of its last level's features.
final class ImageNetFeatures: PooledFeatures {
    let backbone: any FeatureNetwork
    let normalisation: ImageNormalisation
    let cacheKey: [String]?
    private let crop: ImageCrop

    init(_ settings: MethodSettings, context: ModelContext) throws {
        backbone = try Backbone.network(settings, context: context, reach: .whole)
        normalisation = try settings[BackboneOptions.backbone].normalisation
        crop = try settings[BackboneOptions.crop]
        // Drawn weights are another network in each job.
        cacheKey = try settings[BackboneOptions.weights] == .random
            ? nil : ["pooled", crop.rawValue] + BackboneFeatures.key(settings)
    }

    /// Nothing of it changes, so nothing is saved.
    let network = Module()
    var constants: [Module] { [backbone] }
    var stages: [Stage] { [] }
    var width: Int { backbone.channels[backbone.channels.count - 1] }
    var comparesRawFeatures: Bool { false }

    func pooled(_ images: Tensor) throws -> Tensor { try backbone.pooled(crop(images)) }
}

extension Method {
    static let resNet18ImageNet = Method(.resNet18ImageNet, small: smallFeatures, model: ImageNetFeatures.self) {
        try DensityScorer($0, $1, $2)
    }
    static let resNet152ImageNet = Method(
        .resNet152ImageNet, small: smallFeatures.merging(["density": "knn"]) { $1 }, model: ImageNetFeatures.self
    ) { try DensityScorer($0, $1, $2) }

    /// The smallest settings of methods on whole backbones.
    static let smallFeatures: Settings = ["input_size": 32, "backbone": "efficientnet-lite0", "weights": "random"]
}
