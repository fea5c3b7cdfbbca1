/// What the catalogue says of a method: a model with a scorer, under the name that people call the two by. It is enough to plan,
/// check and explain jobs without the training core.
public struct MethodDescription: Sendable {
    /// The study's families of methods.
    public enum Family: String, Sendable, Codable, CaseIterable {
        case imageReconstruction = "image reconstruction"
        case featureReconstruction = "feature reconstruction"
        /// Normal images' features from a network that was trained elsewhere, or on made anomalies.
        case twoStage = "two-stage"
        /// Stored features of normal images.
        case featureMemory = "feature memory"
    }

    /// The name in sweep files, e.g. `ae-ssim`.
    public let name: String
    /// The name in tables, e.g. `AE-SSIM`.
    public let title: String
    public let family: Family
    public let model: ModelDescription
    public let scorer: ScorerDescription
    /// One line: network, loss and score.
    public let summary: String
    /// A few lines: network, loss, map and score as formulas; e = x - x̂ throughout.
    public let equation: String
    /// Where the method comes from.
    public let source: String
    /// Every option of the method, the model's first, in the order they are listed to people.
    public let options: [OptionDescription]

    init(
        _ name: String, title: String, family: Family, model: ModelDescription, scorer: ScorerDescription, summary: String,
        equation: String, source: String
    ) {
        self.name = name
        self.title = title
        self.family = family
        self.model = model
        self.scorer = scorer
        self.summary = summary
        self.equation = equation
        self.source = source
        options = model.options + scorer.options
    }

    /// The option called `name`, if the method has it.
    public func option(_ name: String) -> OptionDescription? {
        options.first { $0.name == name }
    }

    /// The names of the pretrained weights that a job needs: what its option `backbone` names, unless `weights` is `random`.
    public static func weights(for configuration: Settings) -> [String] {
        guard let backbone = BackboneOptions.backbone.value(in: configuration),
            BackboneOptions.weights.value(in: configuration) != .random
        else { return [] }
        return [backbone.rawValue]
    }

    /// Every option's value for a job: the given settings, then the data set's defaults, then the method's.
    ///
    /// The given settings must have been checked with ``OptionDescription/accepts(_:)``; unknown names are dropped.
    public func resolve(_ settings: Settings, for dataset: DatasetDescription) -> Settings {
        var resolved: Settings = [:]
        for option in options {
            let suggested = option.followsDataset ? dataset.defaults[option.name].flatMap { option.accepts($0) ? $0 : nil } : nil
            resolved[option.name] = settings[option.name] ?? suggested ?? option.defaultValue
        }
        return resolved
    }

    /// What a job with this configuration does, stage by stage.
    public func cost(_ configuration: Settings) -> MethodCost {
        let sizes = NetworkSizes(configuration)
        return MethodCost(
            stages: model.stages(sizes), scorerStages: scorer.stages(sizes), scoringPerImage: scorer.perImage(sizes))
    }

    /// What a job with this configuration asks of its worker, unless its sweep says otherwise: one thread, and the memory that
    /// its networks and batches need.
    public func resources(_ configuration: Settings) -> JobResources {
        let demand = model.memory(NetworkSizes(configuration))
        return JobResources(threads: 1, memory: demand.process, gpuMemory: demand.device)
    }
}
