/// What the catalogue says of a model: what is trained, and everything that its training depends on. Jobs with equal models,
/// data and seeds share one training, however they are scored.
public struct ModelDescription: Sendable {
    /// The name, e.g. `vae`; the methods `vae` and `vae-grad-kl` have the same model.
    public let name: String
    /// Every option of the model.
    public let options: [OptionDescription]
    /// The stages in order, with their work; empty for a model that is not trained at all.
    let stages: @Sendable (NetworkSizes) -> [StageCost]
    /// What a training process needs to hold.
    let memory: @Sendable (NetworkSizes) -> MemoryDemand

    init(
        _ name: String, options: [OptionDescription], memory: @escaping @Sendable (NetworkSizes) -> MemoryDemand,
        stages: @escaping @Sendable (NetworkSizes) -> [StageCost]
    ) {
        self.name = name
        self.options = options
        self.stages = stages
        self.memory = memory
    }
}

/// What the catalogue says of a scorer: how a trained model becomes scores.
public struct ScorerDescription: Sendable {
    /// The name, e.g. `gradient-kl`.
    public let name: String
    /// Every option of the scorer.
    public let options: [OptionDescription]
    /// Multiply-accumulates of scoring an image.
    let perImage: @Sendable (NetworkSizes) -> Double
    /// Passes over the training images that the scorer needs before it can score, with their work.
    let stages: @Sendable (NetworkSizes) -> [StageCost]

    init(
        _ name: String, options: [OptionDescription] = [], stages: @escaping @Sendable (NetworkSizes) -> [StageCost] = { _ in [] },
        perImage: @escaping @Sendable (NetworkSizes) -> Double
    ) {
        self.name = name
        self.options = options
        self.stages = stages
        self.perImage = perImage
    }

    /// A map of what a reconstruction leaves of its image.
    static func residual(
        _ name: String = "residual", options: [OptionDescription] = [], perImage: @escaping @Sendable (NetworkSizes) -> Double
    ) -> ScorerDescription {
        ScorerDescription(name, options: [MapOptions.score.description] + options, perImage: perImage)
    }
}
