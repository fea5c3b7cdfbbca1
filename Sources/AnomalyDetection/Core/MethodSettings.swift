import Catalogue

/// A job's option values, read by the options themselves.
public struct MethodSettings: Sendable {
    private let values: Settings

    public init(_ values: Settings) { self.values = values }

    /// The option's value.
    /// - Throws: ``TrainingError`` when it is absent or of another kind.
    public subscript<Value: OptionValue>(option: MethodOption<Value>) -> Value {
        get throws(TrainingError) {
            guard let value = option.value(in: values) else {
                let given = values[option.name].map { "is \($0)" } ?? "is absent"
                throw TrainingError("the job's option '\(option.name)' \(given) but must be \(Value.kindInWords); submit the sweep again")
            }
            return value
        }
    }

    /// Channels of the input: 1 or 3.
    public var channels: Int { get throws(TrainingError) { try self[InputOptions.color].channels } }
    /// Side of the input in pixels.
    public var inputSize: Int { get throws(TrainingError) { try self[InputOptions.size] } }
    var epochs: TrainingLength { get throws(TrainingError) { .epochs(try self[TrainingOptions.epochs]) } }
    var batchSize: Int { get throws(TrainingError) { try self[TrainingOptions.batchSize] } }
    var learningRate: Double { get throws(TrainingError) { try self[TrainingOptions.learningRate] } }
}
