/// What the catalogue says of a method: enough to plan, check and explain jobs without the training core.
public struct MethodDescription: Sendable {
    /// The study's families of methods.
    public enum Family: String, Sendable, Codable, CaseIterable {
        case imageReconstruction = "image reconstruction"
    }

    /// The name in sweep files, e.g. `ae-ssim`.
    public let name: String
    /// The name in tables, e.g. `AE-SSIM`.
    public let title: String
    public let family: Family
    /// One line: network, loss and score.
    public let summary: String
    /// The method that trains the weights which this one only scores in another way; `nil`: it trains its own.
    public let trainedAs: String?
    /// Every option of the method, in the order they are listed to people.
    public let options: [OptionDescription]

    public init(
        _ name: String, title: String, family: Family, trainedAs: String? = nil, options: [OptionDescription], summary: String
    ) {
        self.name = name
        self.title = title
        self.family = family
        self.trainedAs = trainedAs
        self.options = options
        self.summary = summary
    }

    /// The option called `name`, if the method has it.
    public func option(_ name: String) -> OptionDescription? {
        options.first { $0.name == name }
    }

    /// Every option's value for a job: the given settings, then the data set's defaults, then the method's.
    ///
    /// The given settings must have been checked with ``OptionDescription/accepts(_:)``; unknown names are dropped.
    public func resolve(_ settings: Settings, for dataset: DatasetDescription) -> Settings {
        var resolved: Settings = [:]
        for option in options {
            resolved[option.name] =
                settings[option.name] ?? dataset.defaults[option.name] ?? option.defaultValue
        }
        return resolved
    }
}
