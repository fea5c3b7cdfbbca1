import Catalogue

/// A job's option values, read by kind.
public struct MethodSettings: Sendable {
    private let values: Settings

    public init(_ values: Settings) { self.values = values }

    /// - Throws: ``TrainingError`` when the option is absent or not a whole number.
    public func integer(_ name: String) throws(TrainingError) -> Int {
        guard let value = values[name]?.integerValue else { throw missing(name, "a whole number") }
        return value
    }

    /// - Throws: ``TrainingError`` when the option is absent or not a number.
    public func number(_ name: String) throws(TrainingError) -> Double {
        guard let value = values[name]?.doubleValue else { throw missing(name, "a number") }
        return value
    }

    /// - Parameter default: the value when the option is absent.
    /// - Throws: ``TrainingError`` when the option is absent without a default, or neither true nor false.
    public func boolean(_ name: String, default: Bool? = nil) throws(TrainingError) -> Bool {
        if values[name] == nil, let `default` { return `default` }
        guard let value = values[name]?.booleanValue else { throw missing(name, "true or false") }
        return value
    }

    /// - Throws: ``TrainingError`` when the option is absent or not a text.
    public func text(_ name: String) throws(TrainingError) -> String {
        guard let value = values[name]?.textValue else { throw missing(name, "a word") }
        return value
    }

    /// Channels of the input, from the option `color`: 1 or 3.
    /// - Throws: ``TrainingError`` when the option is absent or neither `grey` nor `rgb`.
    public func channels() throws(TrainingError) -> Int {
        switch values["color"]?.textValue {
        case "grey": return 1
        case "rgb": return 3
        default: throw missing("color", "grey or rgb")
        }
    }

    private func missing(_ name: String, _ kind: String) -> TrainingError {
        let given = values[name].map { "is \($0)" } ?? "is absent"
        return TrainingError("the job's option '\(name)' \(given) but must be \(kind); submit the sweep again")
    }
}
