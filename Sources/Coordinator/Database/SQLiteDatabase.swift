import Foundation
import GRDB

/// One SQLite file: write-ahead log, one writer, every commit synced.
final class SQLiteDatabase: JobDatabase {
    private let writer: any DatabaseWriter
    private let pool: DatabasePool?
    private let log: LogKeeper?
    private let clock: any StoreClock
    var localClock: any StoreClock { clock }

    /// Opens or makes the database of a state folder.
    /// - Throws: ``CoordinatorError`` when a newer program has written it or it cannot be opened.
    init(_ folder: StateFolder, clock: any StoreClock = SteadyClock()) throws {
        self.clock = clock
        try SQLiteSchema.refuseNewer(folder)
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            // A commit that is answered must survive a power cut. The cache is looked through at every commit: a larger
            // one costs more than it saves beside the system's own.
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY")
        }
        do {
            let pool = try DatabasePool(path: folder.database.path, configuration: configuration)
            try SQLiteSchema.create(pool)
            self.pool = pool
            writer = pool
            log = try LogKeeper(path: folder.database.path, pool: pool)
        } catch {
            throw CoordinatorError(
                .unwritable, "cannot open '\(folder.database.path)': \(error); mend it, or choose another folder with --state")
        }
    }

    /// A database in memory, gone with this object: for simulations.
    init(clock: any StoreClock = SteadyClock()) throws {
        self.clock = clock
        let queue = try DatabaseQueue()
        try SQLiteSchema.create(queue)
        writer = queue
        pool = nil
        log = nil
    }

    func transaction(_ body: (any SQLConnection, _ now: Double) throws -> Void) throws {
        try writer.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                try body(SQLiteConnection(database), clock.now())
                return .commit
            }
        }
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection, _ now: Double) throws -> Result
    ) async throws -> Result {
        try await writer.read { [clock] database in try body(SQLiteConnection(database), clock.now()) }
    }

    func isPassing(_ error: any Error) -> Bool {
        (error as? DatabaseError).map { $0.resultCode == .SQLITE_BUSY || $0.resultCode == .SQLITE_LOCKED } ?? false
    }

    func isDiskFull(_ error: any Error) -> Bool { (error as? DatabaseError)?.resultCode == .SQLITE_FULL }

    var announcement: SQLStatement? { nil }

    func listen(_ heard: @escaping @Sendable () -> Void) {}

    /// Readers first: the writer, closing last, folds the log into the database file and removes it. Whatever read is
    /// still under way makes that the next start's task.
    func close() {
        log?.close()
        pool?.invalidateReadOnlyConnections()
        try? writer.close()
    }
}
