/// A database that can keep the queue. ``JobStore`` says what is kept; one body of SQL serves every database.
protocol JobDatabase: AnyObject, Sendable {
    /// A clock for what concerns this process alone.
    var localClock: any StoreClock { get }

    /// Runs `body` in one transaction. When this returns, what it wrote is on disk; when it throws, nothing is.
    /// Called by one thread at a time.
    /// - Parameter body: is given the time by the store's clock, which all coordinators on the database share.
    func transaction(_ body: (any SQLConnection, _ now: Double) throws -> Void) throws

    /// Runs `body` on a state of the database that does not change meanwhile.
    func read<Result: Sendable>(_ body: @escaping @Sendable (any SQLConnection, _ now: Double) throws -> Result) async throws -> Result

    /// Whether the same transaction may succeed when it is run again.
    func isPassing(_ error: any Error) -> Bool

    /// Whether the error says that the database's disk is full.
    func isDiskFull(_ error: any Error) -> Bool

    /// What tells the other coordinators on this database, once it is committed, that there may be work; `nil`: there are none.
    var announcement: SQLStatement? { get }

    /// Calls `heard` whenever another coordinator has announced work.
    func listen(_ heard: @escaping @Sendable () -> Void)

    /// Lets go of files and connections; the database is not used any more.
    func close()
}
