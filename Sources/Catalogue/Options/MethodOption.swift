/// An option of a model or a scorer with the Swift type of its values: declared once, named in sweep files, and read from a
/// job's settings without a second mention of its name.
public struct MethodOption<Value: OptionValue>: Sendable, Hashable {
    public let description: OptionDescription

    /// The name in sweep files.
    public var name: String { description.name }

    init(_ description: OptionDescription) { self.description = description }

    /// The value among a job's settings; `nil` when it is absent or of another kind.
    public func value(in settings: Settings) -> Value? { settings[name].flatMap { Value(setting: $0) } }

    /// The same option with another default.
    func defaulting(to value: Value) -> MethodOption { with(default: value) }

    /// The same option with another default, rule for data sets or meaning.
    func with(default value: Value? = nil, followsDataset: Bool? = nil, summary: String? = nil) -> MethodOption {
        MethodOption(
            OptionDescription(
                name, description.kind, default: value?.setting ?? description.defaultValue, unit: description.unit,
                followsDataset: followsDataset ?? description.followsDataset, summary ?? description.summary))
    }
}

/// A type that the values of options have.
public protocol OptionValue: Sendable, Hashable {
    /// `nil` for a setting of another kind.
    init?(setting: Setting)
    var setting: Setting { get }
    /// What it is, as messages say it: `a whole number`.
    static var kindInWords: String { get }
}

extension Int: OptionValue {
    public init?(setting: Setting) {
        guard let value = setting.integerValue else { return nil }
        self = value
    }
    public var setting: Setting { .integer(self) }
    public static var kindInWords: String { "a whole number" }
}

extension Double: OptionValue {
    public init?(setting: Setting) {
        guard let value = setting.doubleValue else { return nil }
        self = value
    }
    public var setting: Setting { Setting(self) }
    public static var kindInWords: String { "a number" }
}

extension Bool: OptionValue {
    public init?(setting: Setting) {
        guard let value = setting.booleanValue else { return nil }
        self = value
    }
    public var setting: Setting { .boolean(self) }
    public static var kindInWords: String { "true or false" }
}

/// Words that an option can be.
public protocol OptionWord: OptionValue, CaseIterable, RawRepresentable<String> {}

extension OptionWord {
    public init?(setting: Setting) {
        guard let text = setting.textValue else { return nil }
        self.init(rawValue: text)
    }
    public var setting: Setting { .text(rawValue) }
    public static var kindInWords: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
}

extension MethodOption where Value == Int {
    static func integer(
        _ name: String, _ range: ClosedRange<Int>, default value: Int, unit: String? = nil, followsDataset: Bool = true,
        _ summary: String
    ) -> MethodOption {
        MethodOption(
            OptionDescription(
                name, .integer(range), default: .integer(value), unit: unit, followsDataset: followsDataset, summary))
    }

    /// A multiple of `factor`.
    static func multiple(
        _ name: String, of factor: Int, _ range: ClosedRange<Int>, default value: Int, unit: String? = nil, _ summary: String
    ) -> MethodOption {
        MethodOption(OptionDescription(name, .multiple(of: factor, range), default: .integer(value), unit: unit, summary))
    }
}

extension MethodOption where Value == Double {
    static func number(
        _ name: String, _ range: ClosedRange<Double>, default value: Double, unit: String? = nil, _ summary: String
    ) -> MethodOption {
        MethodOption(OptionDescription(name, .number(range), default: Setting(value), unit: unit, summary))
    }

    /// A weight of a loss's term.
    static func weight(_ name: String, default value: Double, _ summary: String) -> MethodOption {
        .number(name, 0...1e6, default: value, summary)
    }
}

extension MethodOption where Value == Bool {
    static func boolean(_ name: String, default value: Bool, _ summary: String) -> MethodOption {
        MethodOption(OptionDescription(name, .boolean, default: .boolean(value), summary))
    }
}

extension MethodOption where Value: OptionWord {
    /// - Parameter words: those that this method takes, all by default.
    static func choice(
        _ name: String, _ words: [Value] = Array(Value.allCases), default value: Value, followsDataset: Bool = true, _ summary: String
    ) -> MethodOption {
        MethodOption(
            OptionDescription(
                name, .choice(words.map(\.rawValue)), default: value.setting, followsDataset: followsDataset, summary))
    }
}
