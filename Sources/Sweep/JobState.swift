/// Where a job stands. `pending → leased → done | failed | cancelled`; a lease that runs out or fails returns
/// its job to `pending` until `max_attempts` is reached, then the job is `quarantined`.
public enum JobState: String, Codable, CodingKeyRepresentable, Sendable, CaseIterable {
    case pending, leased, done, failed, cancelled, quarantined

    /// Whether the job will not change any more by itself.
    public var isFinal: Bool { self != .pending && self != .leased }

    /// Whether the job has ended without a result.
    public var isWithoutResult: Bool { isFinal && self != .done }
}
