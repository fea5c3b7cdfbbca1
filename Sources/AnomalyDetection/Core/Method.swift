import Catalogue
import Torch

/// A method: the description that the catalogue has of it, with the model and the scorer that it names.
public struct Method: Sendable {
    public let description: MethodDescription
    /// The settings at which the method is smallest: what a test needs.
    let small: Settings
    /// Side of the stored training images, pixels.
    let storedSide: @Sendable (MethodSettings) throws -> Int
    private let build: @Sendable (MethodSettings, ModelContext) throws -> (any Model, any Scorer)

    /// The name in the catalogue.
    public var name: String { description.name }

    /// - Parameter scorer: makes the scorer of a model, which is the method's, trained or not.
    init<Trained: Model>(
        _ description: MethodDescription, small: Settings, model: Trained.Type,
        scorer: @escaping @Sendable (_ model: Trained, _ settings: MethodSettings, _ context: ModelContext) throws -> any Scorer
    ) {
        self.description = description
        self.small = small
        storedSide = { try Trained.storedSide($0) }
        build = { settings, context in
            let model = try Trained(settings, context: context)
            return (model, try scorer(model, settings, context))
        }
    }

    /// The model, untrained, and its scorer.
    /// - Throws: ``TrainingError`` for options that do not go together or weights that are absent, ``TorchError``.
    func make(_ settings: MethodSettings, context: ModelContext) throws -> (model: any Model, scorer: any Scorer) {
        try build(settings, context)
    }
}

extension Settings {
    /// The smallest settings of methods on the study's autoencoder.
    static let smallAutoencoder: Settings = ["input_size": 16, "hidden_size": 8, "latent_size": 2, "batch_size": 4, "epochs": 3]
}
