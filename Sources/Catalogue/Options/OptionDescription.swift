/// One option of a model or scorer: its name in sweep files, what values it takes, its default and what it means.
public struct OptionDescription: Sendable, Hashable {
    /// The values an option takes.
    public enum Kind: Sendable, Hashable {
        case integer(ClosedRange<Int>)
        case multiple(of: Int, ClosedRange<Int>)
        case number(ClosedRange<Double>)
        case choice([String])
        case boolean
    }

    /// The name in sweep files, e.g. `latent_size`.
    public let name: String
    public let kind: Kind
    /// The value when nothing is said. A data set may have its own (``DatasetDescription/defaults``).
    public let defaultValue: Setting
    /// Whether a data set's own default takes the place of this one.
    public let followsDataset: Bool
    /// What a number counts or measures, e.g. `pixels`; `nil` for a bare number and everything else.
    public let unit: String?
    /// One line for `--help` and error messages.
    public let summary: String

    public init(
        _ name: String, _ kind: Kind, default defaultValue: Setting, unit: String? = nil, followsDataset: Bool = true,
        _ summary: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.followsDataset = followsDataset
        self.unit = unit
        self.summary = summary
    }

    /// What the option takes, as a person would say it: `a whole number from 1 to 4096`.
    public var expectation: String {
        switch kind {
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .multiple(let factor, let range):
            "a multiple of \(factor) from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range):
            "a number from \(Setting(range.lowerBound)) to \(Setting(range.upperBound))"
        case .choice(let names): "one of " + names.joined(separator: ", ")
        case .boolean: "true or false"
        }
    }

    /// Whether `value` is one that the option takes.
    public func accepts(_ value: Setting) -> Bool {
        switch (kind, value) {
        case (.integer(let range), .integer(let value)): range.contains(value)
        case (.multiple(let factor, let range), .integer(let value)): range.contains(value) && value % factor == 0
        case (.number(let range), _): value.doubleValue.map { range.contains($0) } ?? false
        case (.choice(let names), .text(let value)): names.contains(value)
        case (.boolean, .boolean): true
        default: false
        }
    }
}
