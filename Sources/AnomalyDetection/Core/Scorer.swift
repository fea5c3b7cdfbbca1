import Catalogue
import Torch

/// How a trained model becomes anomaly scores. Scorers of one model share its training.
public protocol Scorer: AnyObject {
    /// What the scorer fits itself, such as a density of the model's features; by default nothing.
    var network: Module? { get }

    /// How it is fitted, after the model's own stages; by default not at all. Not by gradients.
    var stages: [Stage] { get throws }

    /// Images scored at once. It is a constant of the method, since another batch gives other last digits.
    var batchSize: Int { get }

    /// Whether ``scores(_:generator:)`` needs gradients to be recorded; by default they are not.
    var needsGradients: Bool { get }

    /// The anomaly scores of a batch, higher is more abnormal. Networks are in evaluation mode.
    /// - Parameter generator: a stream for this batch only.
    func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores
}

extension Scorer {
    public var network: Module? { nil }
    public var stages: [Stage] { [] }
    public var batchSize: Int { 64 }
    public var needsGradients: Bool { false }
}

/// A scorer that makes a map of each image, and the image's score of the map.
public final class MapScorer: Scorer {
    public let batchSize: Int
    public let needsGradients: Bool
    private let reading: MapReading
    private let map: (_ images: Tensor, _ generator: Generator) throws -> Map

    /// What is made of a batch.
    struct Map {
        /// `[N, 1, S, S]`
        let map: Tensor
        /// What the score is read from, `[N, 1, H, W]`: the map unless it has been stretched.
        let source: Tensor

        init(_ map: Tensor, readFrom source: Tensor? = nil) {
            self.map = map
            self.source = source ?? map
        }
    }

    /// - Parameter map: makes the map of a batch.
    init(
        _ settings: MethodSettings, batchSize: Int = 64, needsGradients: Bool = false,
        map: @escaping (_ images: Tensor, _ generator: Generator) throws -> Map
    ) throws {
        self.batchSize = batchSize
        self.needsGradients = needsGradients
        self.map = map
        reading = try settings[MapOptions.score]
    }

    public func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        let result = try map(images, generator)
        return AnomalyScores(scores: try reading.scores(result.source), map: result.map)
    }
}

extension MapReading {
    /// The scores `[N]` of maps `[N, 1, H, W]`.
    func scores(_ maps: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .mean: return try maps.mean(axes: [1, 2, 3])
        case .maximum: return try maps.flattened().maximum(axis: 1).values
        case .topPercent:
            let values = try maps.flattened()
            return try values.topK(max(1, values.shape[1] / 100), axis: 1).values.mean(axes: [1])
        }
    }
}
