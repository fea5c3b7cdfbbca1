import Catalogue
import Torch

/// STFPM (Wang et al., 2021): a student learns to give the features that a pretrained teacher gives of normal images.
final class STFPM: Model {
    let student: any FeatureNetwork
    let teacher: any FeatureNetwork
    let normalisation: ImageNormalisation
    private let settings: MethodSettings

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        let backbone = try settings[BackboneOptions.backbone]
        teacher = try Backbone.network(settings, context: context, reach: .sixteenth)
        student = try backbone.network(.sixteenth, generator: context.generator)
        try student.drawWeights(generator: context.generator)
        normalisation = backbone.normalisation
    }

    var network: Module { student }
    var constants: [Module] { [teacher] }

    var stages: [Stage] {
        get throws {
            let (student, learningRate) = (student, try settings.learningRate)
            return [
                .gradient(
                    GradientStage(
                        length: try settings.epochs, batchSize: try settings.batchSize,
                        optimisers: {
                            try Optimisers(
                                SGD(student.trainableParameters, learningRate: learningRate, momentum: 0.9, weightDecay: 1e-4))
                        }
                    ) { batch, optimisers, _ in
                        let loss = try self.loss(batch.images)
                        try optimisers.only.step(minimising: loss)
                        return try loss.detached()
                    })
            ]
        }
    }

    /// ‖t - s‖² of each level, t and s of norm 1 at each place: `[N, 1, H, W]`.
    private func distances(_ images: Tensor) throws -> [Tensor] {
        let wanted = try Tensor.withoutGradients { try teacher.levels(images) }
        return try zip(wanted, student.levels(images)).map { wanted, given in
            try (wanted.normalised(axis: 1) - given.normalised(axis: 1)).squared().sum(axes: [1], keepingDimensions: true)
        }
    }

    func loss(_ images: Tensor) throws -> Tensor {
        let means = try distances(images).map { try $0.mean() }
        return try means[0] + means[1] + means[2]
    }

    /// The product of all levels' distances at 1/4 of the side, stretched to the image's size.
    func map(_ images: Tensor) throws -> Tensor {
        let levels = try distances(images)
        let (height, width) = (levels[0].shape[2], levels[0].shape[3])
        let product = try levels[0] * levels[1].resizedBilinear(height: height, width: width)
            * levels[2].resizedBilinear(height: height, width: width)
        return try product.resizedBilinear(height: images.shape[2], width: images.shape[3])
    }
}

extension Method {
    static let stfpm = Method(
        .stfpm, small: smallFeatures.merging(["epochs": 2, "batch_size": 4, "learning_rate": 0.01]) { $1 }, model: STFPM.self
    ) { model, settings, _ in try MapScorer(settings, batchSize: 16) { images, _ in .init(try model.map(images)) } }
}
