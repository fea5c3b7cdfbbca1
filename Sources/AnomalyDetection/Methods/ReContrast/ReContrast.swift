import Catalogue
import Torch

/// ReContrast (Guo et al., 2023): reverse distillation of two encoders, one that is trained and one that is not, each compared with
/// what the decoder makes of the other.
final class ReContrast: Model {
    final class Parts: Module {
        let encoder: any FeatureNetwork
        let embedding: OneClassEmbedding
        let decoder: MirroredDecoder

        init(encoder: any FeatureNetwork, embedding: OneClassEmbedding, decoder: MirroredDecoder) {
            self.encoder = encoder
            self.embedding = embedding
            self.decoder = decoder
            super.init()
        }
    }

    let parts: Parts
    let frozen: any FeatureNetwork
    let normalisation: ImageNormalisation
    private let settings: MethodSettings
    private let usesBatchStatistics: Bool

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        let encoder = try Backbone.trainable(settings, context: context, reach: .sixteenth)
        frozen = try settings[BackboneOptions.backbone].network(.sixteenth, generator: context.generator)
        try frozen.load(Dictionary(encoder.state.map { ($0.name, $0.tensor) }) { first, _ in first })
        try frozen.freeze()
        frozen.train(false)
        let channels = Array(encoder.channels.suffix(3))
        parts = Parts(
            encoder: encoder,
            embedding: try OneClassEmbedding(
                channels: channels, width: settings[ReverseDistillationOptions.bottleneckWidth], generator: context.generator),
            decoder: try MirroredDecoder(channels: channels, outputs: 2, generator: context.generator))
        normalisation = try settings[BackboneOptions.backbone].normalisation
        usesBatchStatistics = try settings[ReverseDistillationOptions.encoderStatistics] == .batch
    }

    var network: Module { parts }
    var constants: [Module] { [frozen] }

    /// The encoder's learning rate as a share of the rest's.
    private static let encoderShare = 1.0 / 200

    var stages: [Stage] {
        get throws {
            let (parts, learningRate) = (parts, try settings.learningRate)
            let steps = try settings[ReverseDistillationOptions.steps]
            return [
                .gradient(
                    GradientStage(
                        length: .steps(steps), batchSize: try settings.batchSize,
                        optimisers: {
                            let all = parts.trainableParameters
                            let encoder = all.filter { $0.name.hasPrefix("encoder.") }
                            return try Optimisers(
                                AdamW(
                                    groups: [
                                        ParameterGroup(encoder, learningRateMultiple: Self.encoderShare),
                                        ParameterGroup(all.filter { !$0.name.hasPrefix("encoder.") }),
                                    ], learningRate: learningRate, weightDecay: 1e-5))
                        }
                    ) { batch, optimisers, _ in
                        let done = batch.epoch * batch.count + batch.index
                        let loss = try self.loss(batch.images, hardness: Self.hardness(step: done, of: steps))
                        try optimisers.only.step(minimising: loss)
                        return try loss.detached()
                    })
            ]
        }
    }

    /// α: how many standard deviations above the mean a place's distance must be to be learnt from, from -3 to 1 over the first
    /// tenth.
    static func hardness(step: Int, of steps: Int) -> Double { min(-3 + 40 * Double(step) / Double(steps), 1) }

    func loss(_ images: Tensor, hardness: Double) throws -> Tensor {
        if !usesBatchStatistics { parts.encoder.train(false) }
        let pairs = try pairs(images)
        var sum: Tensor?
        for (wanted, given) in pairs {
            let targets = try wanted.map { try $0.detached() }
            let moved = try zip(targets, given).map { try Self.withoutEasyPlaces($1, of: $0, hardness: hardness) }
            let loss = try CosineDistance.loss(targets, moved) * 0.5
            sum = try sum.map { try $0 + loss } ?? loss
        }
        guard let sum else { throw TrainingError("ReContrast has nothing to compare") }
        return sum
    }

    /// The same features, of which gradients go only to places that are far from what is wanted there.
    static func withoutEasyPlaces(_ given: Tensor, of wanted: Tensor, hardness: Double) throws -> Tensor {
        let mask = try Tensor.withoutGradients {
            let distances = try CosineDistance.points(wanted, given)
            let threshold = try distances.mean() + distances.standardDeviation() * hardness
            // Those at the threshold are far enough.
            let isEasy = try threshold.isGreater(than: distances)
            return try (1 - isEasy).reshaped([distances.shape[0], 1, distances.shape[1], distances.shape[2]])
        }
        return try given * mask + given.detached() * (1 - mask)
    }

    /// The features of the frozen encoder and what the decoder makes of the trained one's, and the other way round.
    private func pairs(_ images: Tensor) throws -> [(wanted: [Tensor], given: [Tensor])] {
        let fixed = try Tensor.withoutGradients { try frozen.levels(images) }
        let trained = try parts.encoder.levels(images)
        let both = try zip(trained, fixed).map { try Tensor.concatenated([$0, $1]) }
        let outputs = try parts.decoder.outputs(parts.embedding(both))
        return [(fixed, outputs[0]), (trained, outputs[1])]
    }

    func map(_ images: Tensor) throws -> Tensor {
        let maps = try pairs(images).map { try CosineDistance.map($0.wanted, $0.given, side: images.shape[3]) }
        return try maps[0] + maps[1]
    }
}

extension Method {
    static let reContrast = Method(
        .reContrast,
        small: smallFeatures.merging(["steps": 3, "batch_size": 4, "bottleneck_width": 16, "map_smoothing": 1]) { $1 },
        model: ReContrast.self
    ) { model, settings, _ in try MapScorer(smoothing: settings) { try model.map($0) } }
}
