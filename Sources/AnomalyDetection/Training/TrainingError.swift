/// Why a job could not be trained: one sentence.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// What kind of failure it is, as far as it matters for trying again.
    public enum Kind: Hashable, Sendable {
        case other
        /// The numbers have run away: the same job will end like this again.
        case divergence
        /// The device had no memory left.
        case outOfMemory
    }

    public let kind: Kind

    public init(_ description: String, kind: Kind = .other) {
        self.description = description
        self.kind = kind
    }
}
