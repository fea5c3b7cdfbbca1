/// Why a job could not be trained: one sentence.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
