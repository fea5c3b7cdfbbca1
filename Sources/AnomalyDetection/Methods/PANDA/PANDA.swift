import Catalogue
import Foundation
import Torch

/// PANDA (Reiss et al., 2021): a pretrained network's last stages draw the features of normal images together, held back from
/// collapse by elastic weight consolidation (Kirkpatrick et al., 2017).
///
/// The authors measure on ImageNet how much each weight matters; here it is measured on the job's own images.
final class PANDA: PooledFeatures {
    /// What is trained, fitted and saved.
    final class Parts: Module {
        let backbone: any ClassifyingNetwork
        /// The mean feature before the first step, `[C]`.
        let centre: Buffer
        /// A number in 0..<1 for each training image, by which its class is drawn: `[N]`.
        let draws: Buffer
        let importance: [WeightImportance]

        init(backbone: any ClassifyingNetwork, count: Int, importance: [WeightImportance]) throws(TorchError) {
            self.backbone = backbone
            centre = Buffer(try .zeros([backbone.channels[backbone.channels.count - 1]]))
            draws = Buffer(try .zeros([count]))
            self.importance = importance
            super.init()
        }
    }

    let parts: Parts
    let normalisation: ImageNormalisation
    private let settings: MethodSettings
    private let count: Int
    private let crop: ImageCrop
    private let weight: Double
    /// The pretrained weights of what is trained.
    private let start: WeightAnchor

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        count = context.data.count
        crop = try settings[BackboneOptions.crop]
        weight = try settings[PANDAOptions.ewcWeight]
        normalisation = try settings[BackboneOptions.backbone].normalisation
        let network = try Backbone.trainable(settings, context: context, reach: .whole, hasClassifier: true)
        guard let backbone = network as? any ClassifyingNetwork else {
            throw TrainingError("the backbone '\(try settings[BackboneOptions.backbone].rawValue)' has no classifier; use a resnet")
        }
        for (name, tensor) in backbone.namedParameters where !backbone.isDeep(name) { try tensor.requireGradient(false) }
        let trained = backbone.trainableParameters.map(\.tensor)
        start = WeightAnchor(try trained.map { try FixedTensor($0) })
        parts = try Parts(
            backbone: backbone, count: count, importance: weight > 0 ? trained.map { try WeightImportance(shape: $0.shape) } : [])
    }

    var network: Module { parts }
    var constants: [Module] { [start] }
    var width: Int { parts.centre.tensor.count }
    var comparesRawFeatures: Bool { true }
    var cacheKey: [String]? { nil }

    func pooled(_ images: Tensor) throws -> Tensor { try parts.backbone.pooled(crop(images)) }

    var stages: [Stage] {
        get throws {
            let (parts, learningRate, count) = (parts, try settings.learningRate, count)
            let centre = FitStage("centre", batchSize: 32, begin: { _ in try parts.centre.tensor.fill(0) }) { images, _ in
                try parts.centre.tensor.accumulate(self.pooled(images).sum(axes: [0]) / Double(count))
            }
            let fisher = FitStage(
                "Fisher information", batchSize: 4,
                begin: { generator in
                    try parts.draws.tensor.fillUniform(0...1, generator: generator)
                    for entry in parts.importance { try entry.fisher.tensor.fill(0) }
                }
            ) { images, range in
                for index in 0..<range.count {
                    try self.addInformation(
                        of: images.narrowed(axis: 0, start: index, length: 1),
                        draw: parts.draws.tensor.narrowed(axis: 0, start: range.lowerBound + index, length: 1))
                }
            }
            let training = GradientStage(
                length: try settings.epochs, batchSize: try settings.batchSize,
                optimisers: {
                    let weights = parts.backbone.trainableParameters
                    let sgd = try SGD(weights, learningRate: learningRate, momentum: 0.9, weightDecay: 5e-5)
                    sgd.gradientLimit = .norm(1e-3)
                    return Optimisers(sgd)
                }
            ) { batch, optimisers, _ in
                let loss = try self.loss(batch.images)
                try optimisers.only.step(minimising: loss)
                return try loss.detached()
            }
            return [.fit(centre)] + (weight > 0 ? [.fit(fisher)] : []) + [.gradient(training)]
        }
    }

    /// Adds (∂ log p(y) / ∂w)² of one image to the information of every weight, as a share of the mean over all images.
    /// - Parameter draw: the number in 0..<1 by which y is drawn from p, `[1]`.
    func addInformation(of image: Tensor, draw: Tensor) throws {
        let weights = parts.backbone.trainableParameters.map(\.tensor)
        let slopes = try Tensor.withGradients {
            let probabilities = try parts.backbone.logits(crop(image)).softmax(axis: 1)
            // The first class up to which the probabilities add up to more than the draw's share of them all.
            let drawn = try Tensor.withoutGradients {
                let share = try probabilities.sum(axes: [1], keepingDimensions: true) * draw.reshaped([1, 1])
                return try probabilities.cumulativeSum(axis: 1).isGreater(than: share).indexOfMaximum(axis: 1)
            }
            return try probabilities.selecting(drawn, axis: 1).logarithm().sum().gradients(of: weights)
        }
        for (entry, slope) in zip(parts.importance, slopes) {
            if let slope { try entry.fisher.tensor.accumulate(slope.squared() / Double(count)) }
        }
    }

    func loss(_ images: Tensor) throws -> Tensor {
        // Batch normalisation goes by the pretrained statistics throughout.
        parts.backbone.train(false)
        let distances = try (pooled(images) - parts.centre.tensor).squared().sum(axes: [1])
        var loss = try distances.mean() / Double(width)
        let weights = parts.backbone.trainableParameters.map(\.tensor)
        for (entry, (now, before)) in zip(parts.importance, zip(weights, start.tensors)) {
            loss = try loss + (entry.fisher.tensor * (now - before.tensor.tensor).squared()).sum() * (weight / 2)
        }
        return loss
    }
}

/// How much a weight matters: the diagonal of its Fisher information.
final class WeightImportance: Module {
    let fisher: Buffer
    init(shape: [Int]) throws(TorchError) { fisher = Buffer(try .zeros(shape)) }
}

/// A tensor that stays as it is.
final class FixedTensor: Module {
    let tensor: Buffer
    init(_ tensor: Tensor) throws(TorchError) { self.tensor = Buffer(try tensor.detached().clone()) }
}

/// The weights from which a training has begun.
final class WeightAnchor: Module {
    let tensors: [FixedTensor]
    init(_ tensors: [FixedTensor]) { self.tensors = tensors }
}

extension Method {
    static let panda = Method(
        .panda, small: smallFeatures.merging(["epochs": 2, "batch_size": 4]) { $1 }, model: PANDA.self
    ) { try DensityScorer($0, $1, $2) }
}
