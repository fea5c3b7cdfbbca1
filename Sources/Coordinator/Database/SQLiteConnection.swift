import GRDB
import GRDBSQLite

/// A GRDB database inside a transaction. GRDB opens it, keeps its prepared statements and ends the transaction; values go
/// in and out by SQLite's own calls, since GRDB's rows and arguments cost as much as the statements themselves.
final class SQLiteConnection: SQLConnection {
    private let database: Database
    var dialect: SQLDialect { .sqlite }

    init(_ database: Database) { self.database = database }

    @discardableResult
    func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        try stepThrough(sql, arguments) { _ in }
        return Int(sqlite3_changes(database.sqliteConnection))
    }

    func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
        var rows: [SQLRow] = []
        try stepThrough(sql, arguments) { statement in
            rows.append(SQLRow(values: (0..<sqlite3_column_count(statement)).map { Self.value(statement, $0) }))
        }
        return rows
    }

    private func stepThrough(_ sql: String, _ arguments: [SQLValue], row: (OpaquePointer) -> Void) throws {
        let statement = try database.cachedStatement(sql: sql).sqliteStatement
        defer { sqlite3_reset(statement) }
        for (index, argument) in arguments.enumerated() {
            let code = Self.bind(argument, to: statement, at: Int32(index + 1))
            guard code == SQLITE_OK else { throw error(code, sql) }
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: row(statement)
            case SQLITE_DONE: return
            case let code: throw error(code, sql)
            }
        }
    }

    private func error(_ code: Int32, _ sql: String) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(database.sqliteConnection)), sql: sql)
    }

    private static func bind(_ value: SQLValue, to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch value {
        case .null, .array: return sqlite3_bind_null(statement, index)
        case .integer(let value): return sqlite3_bind_int64(statement, index, value)
        case .real(let value): return sqlite3_bind_double(statement, index, value)
        case .text(var value):
            return value.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text(statement, index, $0.baseAddress ?? emptyText, Int32($0.count), copied)
                }
            }
        }
    }

    /// SQLITE_TRANSIENT: SQLite makes its own copy.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    /// An address for texts without one: SQLite would take none for a null.
    nonisolated(unsafe) private static let emptyText = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))

    private static func value(_ statement: OpaquePointer, _ column: Int32) -> SQLValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_NULL: .null
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(statement, column))
        default:
            // The text first: asking for its length comes after any conversion.
            sqlite3_column_text(statement, column).map { text in
                .text(String(
                    decoding: UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, column))), as: UTF8.self))
            } ?? .null
        }
    }
}
