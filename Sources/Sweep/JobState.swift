/// Where a job stands. `pending → leased → done | cancelled`; a lease that runs out or fails returns
/// its job to `pending` until `max_attempts` or `max_lost` is reached, then the job is `quarantined`.
public enum JobState: String, Codable, CodingKeyRepresentable, Sendable, CaseIterable {
    case pending, leased, done, cancelled, quarantined

    /// The first letter of the name, which no two states share: many jobs' states go over the wire as one text.
    public var letter: Character { rawValue.first! }

    /// The state with a letter; `nil`: there is none.
    public init?(letter: Character) {
        guard let state = Self.byLetter[letter] else { return nil }
        self = state
    }

    private static let byLetter = Dictionary(uniqueKeysWithValues: allCases.map { ($0.letter, $0) })

    /// Whether the job will not change any more by itself.
    public var isFinal: Bool { self != .pending && self != .leased }

    /// Whether the job has ended without a result.
    public var isWithoutResult: Bool { isFinal && self != .done }
}
