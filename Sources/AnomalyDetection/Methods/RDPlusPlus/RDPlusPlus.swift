import Catalogue
import Torch

/// RD++ (Tien et al., 2023): reverse distillation behind projections that learn to take noise out of the features.
///
/// The original also moves the projections of a batch towards a permutation of the same batch, which is no distance at all and
/// left out.
final class RDPlusPlus: Model {
    final class Parts: Module {
        let projections: [Projection]
        let distillation: ReverseDistillation.Parts

        init(projections: [Projection], distillation: ReverseDistillation.Parts) {
            self.projections = projections
            self.distillation = distillation
            super.init()
        }

        func projected(_ levels: [Tensor]) throws(TorchError) -> [Tensor] {
            var results: [Tensor] = []
            for (projection, level) in zip(projections, levels) { results.append(try projection(level)) }
            return results
        }
    }

    let parts: Parts
    let teacher: any FeatureNetwork
    let normalisation: ImageNormalisation
    private let settings: MethodSettings

    init(_ settings: MethodSettings, context: ModelContext) throws {
        self.settings = settings
        teacher = try Backbone.network(settings, context: context, reach: .sixteenth)
        let channels = Array(teacher.channels.suffix(3))
        let projections = try channels.map { try Projection($0, generator: context.generator) }
        parts = Parts(
            projections: projections,
            distillation: try ReverseDistillation.Parts(channels: channels, settings, generator: context.generator))
        normalisation = try settings[BackboneOptions.backbone].normalisation
    }

    var network: Module { parts }
    var constants: [Module] { [teacher] }

    var stages: [Stage] {
        get throws {
            let (parts, learningRate, size) = (parts, try settings.learningRate, try settings.batchSize)
            let noise = try SimplexBox(settings, normalisation: normalisation)
            let batches = try settings[ReverseDistillationOptions.gradientBatches]
            return [
                .gradient(
                    GradientStage(
                        length: try settings.epochs, batchSize: size * batches,
                        optimisers: {
                            func adam(_ parameters: [(name: String, tensor: Tensor)], _ rate: Double) throws -> Adam {
                                try Adam(parameters, learningRate: rate, beta1: 0.5)
                            }
                            let projections = parts.trainableParameters.filter { $0.name.hasPrefix("projections.") }
                            return Optimisers([
                                ("projections", try adam(projections, learningRate / 5)),
                                ("distillation", try adam(parts.distillation.trainableParameters, learningRate)),
                            ])
                        }
                    ) { batch, optimisers, generator in
                        let images = batch.images
                        let noisy = try images + noise(like: images, generator: generator)
                        return try self.step(images, noisy: noisy, batchSize: size, optimisers)
                    })
            ]
        }
    }

    /// A step by the sum of the gradients of batches of `batchSize` images; returns the mean of their losses.
    /// - Parameter noisy: the same images with noise.
    func step(_ images: Tensor, noisy: Tensor, batchSize: Int, _ optimisers: Optimisers) throws -> Tensor {
        let sources = optimisers.parameters
        var sums = [Tensor?](repeating: nil, count: sources.count)
        var mean: Tensor?
        for range in Trainer.batches(count: images.shape[0], size: batchSize) {
            func part(_ tensor: Tensor) throws -> Tensor {
                try tensor.narrowed(axis: 0, start: range.lowerBound, length: range.count)
            }
            let loss = try loss(part(images), noisy: part(noisy))
            for (index, gradient) in try loss.gradients(of: sources).enumerated() {
                guard let gradient else { continue }
                sums[index] = try sums[index].map { try $0 + gradient } ?? gradient
            }
            let share = try loss.detached() * (Double(range.count) / Double(images.shape[0]))
            mean = try mean.map { try $0 + share } ?? share
        }
        try optimisers.step(sums)
        guard let mean else { throw TrainingError("a step of RD++ needs an image") }
        return mean
    }

    func loss(_ images: Tensor, noisy: Tensor) throws -> Tensor {
        let (clean, spoilt) = try Tensor.withoutGradients { (try teacher.levels(images), try teacher.levels(noisy)) }
        let (wanted, given) = (try parts.projected(clean), try parts.projected(spoilt))
        var loss = try CosineDistance.loss(clean, parts.distillation(wanted))
        for (index, (wanted, given)) in zip(wanted, given).enumerated() {
            let reconstruction = try CosineDistance.points(given, wanted).mean()
            let likeness = try spoilt[index].flattened().cosineSimilarity(to: wanted.flattened(), axis: 1)
            let contrast = try (likeness - 0.5).rectified().mean()
            loss = try loss + (reconstruction * 0.01 + contrast * 0.1) * (0.2 / 1.11)
        }
        return loss
    }

    func map(_ images: Tensor) throws -> Tensor {
        let levels = try teacher.levels(images)
        return try CosineDistance.map(levels, parts.distillation(parts.projected(levels)), side: images.shape[3])
    }
}

/// Four convolutions to a quarter of the channels and back, each normalised image by image: 15,486,912 parameters for the three
/// levels of Wide ResNet-50-2.
final class Projection: Module, Layer {
    private let layers: Sequential

    init(_ channels: Int, generator: Generator) throws(TorchError) {
        var layers: [any Layer] = []
        let sizes = [channels, channels / 2, channels / 4, channels / 2, channels]
        for (inputs, outputs) in zip(sizes, sizes.dropFirst()) {
            layers += [
                try Convolution(inputs, outputs, kernel: 3, padding: 1, generator: generator), InstanceNorm(), LeakyReLU(),
            ] as [any Layer]
        }
        self.layers = Sequential(layers)
        super.init()
    }

    func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor { try layers(input) }
}

/// The noise of RD++: a box of fractal simplex noise at a random place of each image.
struct SimplexBox {
    private let isFixed: Bool
    private let normalisation: ImageNormalisation
    /// What the field is multiplied by, of an image in 0...1.
    private static let height = 0.2

    init(_ settings: MethodSettings, normalisation: ImageNormalisation) throws {
        isFixed = try settings[ReverseDistillationOptions.noiseSeed] == .fixed
        self.normalisation = normalisation
    }

    /// What is added to normalised images `[N, 3, S, S]`.
    func callAsFunction(like images: Tensor, generator: Generator) throws -> Tensor {
        let (channels, side) = (images.shape[1], images.shape[3])
        let noise = try Tensor.zeros(images.shape)
        // Sides of 10 to 31 of 256 pixels.
        let least = max(1, 10 * side / 256), most = max(least, 31 * side / 256)
        func draw(_ range: ClosedRange<Int>) throws -> Int {
            range.lowerBound + (try Tensor.randomInteger(below: range.count, generator: generator))
        }
        for image in 0..<images.shape[0] {
            let (height, width) = (try draw(least...most), try draw(least...most))
            let (row, column) = (try draw(1...side - height - 1), try draw(1...side - width - 1))
            let seed = isFixed ? 0 : try draw(0...(1 << 31) - 1)
            let field = SimplexNoise(seed: Int64(seed)).fractal(
                depth: channels, height: height, width: width, octaves: 6, persistence: 0.6, wavelength: 32)
            var values = field
            for place in values.indices {
                let deviation = normalisation.deviation[min(place / (height * width), normalisation.deviation.count - 1)]
                values[place] *= Float(Self.height) / deviation
            }
            try noise.narrowed(axis: 0, start: image, length: 1).narrowed(axis: 2, start: row, length: height)
                .narrowed(axis: 3, start: column, length: width).copy(from: Tensor(values, shape: [1, channels, height, width]))
        }
        return try noise.to(images.device)
    }
}

extension Method {
    static let rdPlusPlus = Method(
        .rdPlusPlus, small: smallDistillation.merging(["batch_size": 2]) { $1 }, model: RDPlusPlus.self
    ) { model, settings, _ in try MapScorer(smoothing: settings) { try model.map($0) } }
}
