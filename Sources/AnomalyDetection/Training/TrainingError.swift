/// Why a job could not be trained: one sentence.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// The numbers have run away: the same job will end like this again.
    public let isDivergence: Bool

    public init(_ description: String, isDivergence: Bool = false) {
        self.description = description
        self.isDivergence = isDivergence
    }
}
