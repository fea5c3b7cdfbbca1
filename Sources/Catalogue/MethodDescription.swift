/// What the catalogue says of a method: enough to plan, check and explain jobs without the training core.
public struct MethodDescription: Sendable {
    /// The study's families of methods.
    public enum Family: String, Sendable, Codable, CaseIterable {
        case imageReconstruction = "image reconstruction"
        case featureReconstruction = "feature reconstruction"
    }

    /// The name in sweep files, e.g. `ae-ssim`.
    public let name: String
    /// The name in tables, e.g. `AE-SSIM`.
    public let title: String
    public let family: Family
    /// One line: network, loss and score.
    public let summary: String
    /// A few lines: network, loss, map and score as formulas; e = x - x̂ throughout.
    public let equation: String
    /// Where the method comes from.
    public let source: String
    /// The method whose training this one's is, to the last number, where only the scores differ: a job may take the
    /// weights that the other one's job has trained. `nil` for a method with a training of its own.
    public let trainedAs: String?
    /// Every option of the method, in the order they are listed to people.
    public let options: [OptionDescription]

    public init(
        _ name: String, title: String, family: Family, options: [OptionDescription], trainedAs: String? = nil,
        summary: String, equation: String, source: String
    ) {
        self.name = name
        self.title = title
        self.family = family
        self.options = options
        self.summary = summary
        self.equation = equation
        self.source = source
        self.trainedAs = trainedAs
    }

    /// The option called `name`, if the method has it.
    public func option(_ name: String) -> OptionDescription? {
        options.first { $0.name == name }
    }

    /// The names of the pretrained weights that a job needs: what its option `backbone` names, unless `weights` is
    /// `random`.
    public static func weights(for configuration: Settings) -> [String] {
        guard let backbone = configuration["backbone"]?.textValue, configuration["weights"] != .text("random") else { return [] }
        return [backbone]
    }

    /// Every option's value for a job, but for those that are left out at their default: the given settings, then the data
    /// set's defaults, then the method's.
    ///
    /// The given settings must have been checked with ``OptionDescription/accepts(_:)``; unknown names are dropped.
    public func resolve(_ settings: Settings, for dataset: DatasetDescription) -> Settings {
        var resolved: Settings = [:]
        for option in options {
            let value = settings[option.name] ?? (option.followsDataset ? dataset.defaults[option.name] : nil)
                ?? option.defaultValue
            if !option.isOmittedAtDefault || value != option.defaultValue { resolved[option.name] = value }
        }
        return resolved
    }
}
