import CPostgres
import Foundation
import Synchronization

/// A PostgreSQL database that several coordinators share.
final class PostgresDatabase: JobDatabase, @unchecked Sendable {
    private let url: String
    /// Goes before the database's clock: for tests.
    private let clock: (any StoreClock)?
    let localClock: any StoreClock
    private let comparison: ClockComparison
    private let tell: @Sendable (String) -> Void
    /// The writer's; touched by one thread at a time.
    private var writer: PostgresConnection?
    private let readers: [Reader]
    private let nextReader = Atomic(0)
    private let isClosed = Atomic(false)

    /// A connection for looking, with a thread of its own.
    private final class Reader: @unchecked Sendable {
        let queue = DispatchQueue(label: "medsweep.reader")
        var connection: PostgresConnection?
    }

    /// Connects, and makes the tables in a database that has none.
    /// - Parameters:
    ///   - clock: `nil`: the database's.
    ///   - wall: this machine's clock in seconds since 1970, only to be compared with the database's.
    ///   - tell: is told in one sentence when the two are apart.
    /// - Throws: ``CoordinatorError`` when it is out of reach or a newer program has written it.
    init(
        _ url: String, clock: (any StoreClock)? = nil, wall: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 },
        tell: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        self.url = url
        self.clock = clock
        self.tell = tell
        localClock = clock ?? SteadyClock()
        comparison = ClockComparison(wall: wall)
        readers = (0..<3).map { _ in Reader() }
        do {
            let connection = try PostgresConnection(url)
            try PostgresDatabase.makeTables(connection, PostgresDatabase.shown(url))
            try connection.planForKeys()
            writer = connection
        } catch let error as PostgresError {
            throw CoordinatorError(
                .databaseAway, "cannot use the database at \(PostgresDatabase.shown(url)): \(error.message.split(whereSeparator: \.isNewline).joined(separator: " ")); start it, or mend --store")
        }
    }

    /// The address without a password.
    static func shown(_ url: String) -> String {
        guard var parts = URLComponents(string: url) else { return "the given address" }
        parts.password = nil
        parts.query = nil
        return parts.string ?? "the given address"
    }

    /// One coordinator at a time, so that two that start together do not both make them.
    private static func makeTables(_ connection: PostgresConnection, _ place: String) throws {
        _ = try connection.rows("SELECT pg_advisory_lock(7733, 0)", [])
        defer { _ = try? connection.rows("SELECT pg_advisory_unlock(7733, 0)", []) }
        try connection.execute("CREATE SCHEMA IF NOT EXISTS medsweep")
        try connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
        let version = try connection.row("SELECT max(version) FROM schema_version", [])?.optionalInt(0) ?? 0
        guard version <= Schema.version else {
            throw CoordinatorError(
                .newerState, "the database at \(place) was written by a newer medsweep (schema \(version), this one knows \(Schema.version)); use that version, or another database with --store")
        }
        guard version < Schema.version else { return }
        try connection.execute(
            "BEGIN; \(Schema.tables(.postgres)) INSERT INTO schema_version VALUES (\(Schema.version)); COMMIT")
    }

    /// The time by the store's clock.
    private func time(_ database: Double) -> Double {
        if let clock { return clock.now() }
        if let remark = comparison.remark(database: database) { tell(remark) }
        return database
    }

    private func connect() throws -> PostgresConnection {
        let connection = try PostgresConnection(url)
        try connection.planForKeys()
        return connection
    }

    func transaction(_ body: (any SQLConnection, _ now: Double) throws -> Void) throws {
        let connection = try writer ?? connect()
        writer = connection
        do {
            try body(connection, time(connection.begin()))
            try connection.commit()
        } catch {
            connection.rollback()
            if !connection.isAlive { writer = nil }
            throw error
        }
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection, _ now: Double) throws -> Result
    ) async throws -> Result {
        let number = nextReader.add(1, ordering: .relaxed).oldValue
        let reader = readers[abs(number % readers.count)]
        return try await withCheckedThrowingContinuation { continuation in
            reader.queue.async { continuation.resume(with: Swift.Result { try self.read(reader, body) }) }
        }
    }

    /// A lost connection is made anew, some seconds long.
    private func read<Result>(_ reader: Reader, _ body: (any SQLConnection, _ now: Double) throws -> Result) throws -> Result {
        var wait = 0.02
        for number in 1... {
            do {
                let connection = try reader.connection ?? PostgresConnection(url)
                reader.connection = connection
                let now = time(try connection.begin("ISOLATION LEVEL REPEATABLE READ READ ONLY"))
                let result = Swift.Result { try body(connection, now) }
                try connection.execute("COMMIT")
                return try result.get()
            } catch let error as PostgresError {
                if let connection = reader.connection, connection.isAlive { try? connection.execute("ROLLBACK") }
                if reader.connection?.isAlive != true { reader.connection = nil }
                guard error.isPassing, number < 8, !isClosed.load(ordering: .relaxed) else { throw error }
                Thread.sleep(forTimeInterval: wait)
                wait *= 2
            }
        }
        fatalError("unreachable: the loop has no end of its own")
    }

    func isPassing(_ error: any Error) -> Bool { (error as? PostgresError)?.isPassing ?? false }
    func isDiskFull(_ error: any Error) -> Bool { (error as? PostgresError)?.isDiskFull ?? false }

    let announcement: SQLStatement? = SQLStatement("SELECT pg_notify('medsweep', '')")

    func listen(_ heard: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { [weak self, url] in
            while self?.isClosed.load(ordering: .relaxed) == false {
                do {
                    let connection = try PostgresConnection(url)
                    try connection.execute("LISTEN medsweep")
                    // Something may have been announced while nobody listened.
                    heard()
                    while self?.isClosed.load(ordering: .relaxed) == false {
                        var descriptor = pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0)
                        if poll(&descriptor, 1, 500) > 0, try connection.takeNotifications() { heard() }
                    }
                } catch {
                    Thread.sleep(forTimeInterval: 0.5)
                }
            }
        }
    }

    func close() {
        isClosed.store(true, ordering: .relaxed)
        writer = nil
        for reader in readers { reader.queue.async { reader.connection = nil } }
    }
}
