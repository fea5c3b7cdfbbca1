/// A value that goes into or comes out of a statement.
enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    /// One parameter for many values: PostgreSQL alone has such.
    case array([SQLValue])

    static func int(_ value: Int) -> SQLValue { .integer(Int64(value)) }
    static func flag(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }
    static func text(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }
    static func real(_ value: Double?) -> SQLValue { value.map { .real($0) } ?? .null }
    static func int(_ value: Int?) -> SQLValue { value.map { .integer(Int64($0)) } ?? .null }
}

/// One row of an answer, by column number.
struct SQLRow: Sendable {
    let values: [SQLValue]

    func isNull(_ column: Int) -> Bool { values[column] == .null }

    func integer(_ column: Int) -> Int64 {
        switch values[column] {
        case .integer(let value): value
        case .real(let value): Int64(value)
        case .text(let text): Int64(text) ?? 0
        case .null, .array: 0
        }
    }

    func int(_ column: Int) -> Int { Int(integer(column)) }
    func flag(_ column: Int) -> Bool { integer(column) != 0 }

    func real(_ column: Int) -> Double {
        switch values[column] {
        case .integer(let value): Double(value)
        case .real(let value): value
        case .text(let text): Double(text) ?? 0
        case .null, .array: 0
        }
    }

    func text(_ column: Int) -> String { optionalText(column) ?? "" }

    func optionalText(_ column: Int) -> String? {
        switch values[column] {
        case .text(let text): text
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .null, .array: nil
        }
    }

    func optionalReal(_ column: Int) -> Double? { isNull(column) ? nil : real(column) }
    func optionalInt(_ column: Int) -> Int? { isNull(column) ? nil : int(column) }
}

/// What differs between the two databases in what they are asked.
enum SQLDialect: Sendable {
    case sqlite
    case postgres

    /// Holds the rows that a query finds for the rest of the transaction. SQLite has one writer anyway.
    var holding: String { self == .postgres ? " FOR UPDATE" : "" }

    /// The same, but passes over rows that another coordinator holds.
    var holdingFree: String { self == .postgres ? " FOR UPDATE SKIP LOCKED" : "" }
}

/// A connection inside a transaction. Statements have `?` for their arguments and are prepared once.
protocol SQLConnection: AnyObject {
    var dialect: SQLDialect { get }

    /// Runs a statement and returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int

    /// Runs a query, or a statement with RETURNING, and returns its rows.
    func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow]

    /// Runs statements one after the other; with PostgreSQL they are on their way together.
    func runAll(_ statements: [SQLStatement]) throws

    /// Runs queries in the same way.
    func answers(_ statements: [SQLStatement]) throws -> [[SQLRow]]

    /// Runs statements as the last ones of the transaction; with PostgreSQL they are on their way together with the commit, so that
    /// what they lock is not locked for longer than it must be.
    func runBeforeCommit(_ statements: [SQLStatement]) throws
}

extension SQLConnection {
    func runAll(_ statements: [SQLStatement]) throws {
        for statement in statements { try run(statement.sql, statement.arguments) }
    }

    func answers(_ statements: [SQLStatement]) throws -> [[SQLRow]] { try statements.map { try rows($0.sql, $0.arguments) } }

    func runBeforeCommit(_ statements: [SQLStatement]) throws { try runAll(statements) }

    func row(_ sql: String, _ arguments: [SQLValue]) throws -> SQLRow? { try rows(sql, arguments).first }
}
