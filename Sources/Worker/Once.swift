import Synchronization

/// Says yes the first time it is asked.
public final class Once: Sendable {
    private let isOver = Atomic(false)

    public init() {}

    /// Whether nobody has claimed it before.
    public func claim() -> Bool { !isOver.exchange(true, ordering: .relaxed) }
}
