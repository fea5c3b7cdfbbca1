import CPostgres
import Foundation

/// What PostgreSQL, or the way to it, answered.
struct PostgresError: Error, CustomStringConvertible {
    /// SQLSTATE, five characters; empty when the connection is gone.
    let state: String
    let message: String

    var description: String { message }

    /// Another coordinator was in the way, or the server is stopping, starting or out of reach.
    var isPassing: Bool {
        state.isEmpty || state.hasPrefix("08") || state.hasPrefix("40") || state.hasPrefix("57P") || state == "53300"
            || state == "25P03"
    }

    var isDiskFull: Bool { state == "53100" }
}

/// One connection to PostgreSQL, used by one thread at a time.
final class PostgresConnection: SQLConnection {
    private let connection: OpaquePointer
    /// Names of prepared statements by their text.
    private var prepared: [String: String] = [:]

    var dialect: SQLDialect { .postgres }

    /// - Throws: ``PostgresError``
    init(_ url: String) throws {
        // What the address itself says comes later and wins.
        let keywords = ["connect_timeout", "application_name", "dbname"]
        let values = ["10", "medsweep", url]
        let opened = withCStrings(keywords) { keywords in
            withCStrings(values) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let opened else { throw PostgresError(state: "53200", message: "there is no memory for a connection") }
        connection = opened
        guard PQstatus(connection) == CONNECTION_OK else {
            let message = String(cString: PQerrorMessage(connection)).trimmingCharacters(in: .whitespacesAndNewlines)
            throw PostgresError(state: "", message: message)
        }
        try execute(
            """
            SET client_min_messages TO warning; SET search_path TO medsweep; SET synchronous_commit TO on;
            SET idle_in_transaction_session_timeout TO '30s'
            """)
    }

    deinit { PQfinish(connection) }

    /// Plans statements once, and by the indexes: what is written is found by keys, and a plan must not hang on statistics that a table
    /// which has just been filled does not have yet.
    func planForKeys() throws {
        try execute(
            """
            SET plan_cache_mode TO force_generic_plan; SET jit TO off; SET enable_seqscan TO off; SET enable_hashjoin TO off;
            SET enable_mergejoin TO off
            """)
    }

    var isAlive: Bool { PQstatus(connection) == CONNECTION_OK }
    var socket: Int32 { PQsocket(connection) }

    /// Runs statements without arguments or answer.
    func execute(_ sql: String) throws {
        _ = try checked(PQexec(connection, sql))
    }

    /// Begins a transaction and asks for the time, in one exchange.
    /// - Returns: seconds since 1970 by the database's clock.
    func begin(_ mode: String = "") throws -> Double {
        let answer = try checked(PQexec(connection, "BEGIN \(mode); SELECT extract(epoch FROM clock_timestamp())::float8"))
        return PQgetvalue(answer.pointer, 0, 0).flatMap { Double(String(cString: $0)) } ?? 0
    }

    @discardableResult
    func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        let result = try perform(sql, arguments)
        return Int(String(cString: PQcmdTuples(result.pointer))) ?? 0
    }

    func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] { rows(of: try perform(sql, arguments)) }

    private func rows(of result: Answer) -> [SQLRow] {
        let columns = PQnfields(result.pointer)
        let types = (0..<columns).map { PQftype(result.pointer, $0) }
        return (0..<PQntuples(result.pointer)).map { row in
            SQLRow(values: (0..<columns).map { Self.value(result.pointer, row, $0, types[Int($0)]) })
        }
    }

    /// Whether notifications have come in.
    func takeNotifications() throws -> Bool {
        guard PQconsumeInput(connection) == 1 else { throw lost() }
        var hasSome = false
        while let notification = PQnotifies(connection) {
            PQfreemem(notification)
            hasSome = true
        }
        return hasSome
    }

    // MARK: Pipelines

    private var deferred: [SQLStatement] = []

    func runAll(_ statements: [SQLStatement]) throws {
        if statements.count == 1 { try run(statements[0].sql, statements[0].arguments) } else { _ = try pipeline(statements) }
    }

    func answers(_ statements: [SQLStatement]) throws -> [[SQLRow]] { try pipeline(statements).map(rows(of:)) }

    func runBeforeCommit(_ statements: [SQLStatement]) throws { deferred += statements }

    /// Ends the transaction with what was left for its end.
    func commit() throws {
        let last = deferred
        deferred = []
        if last.isEmpty { try execute("COMMIT") } else { _ = try pipeline(last + [SQLStatement("COMMIT")]) }
    }

    /// Takes the transaction back.
    func rollback() {
        deferred = []
        if isAlive { try? execute("ROLLBACK") }
    }

    /// Sends all statements before the first answer is read. After the first that fails none is done.
    private func pipeline(_ statements: [SQLStatement]) throws -> [Answer] {
        guard !statements.isEmpty else { return [] }
        let names = try statements.map { try prepare($0.sql) }
        guard PQenterPipelineMode(connection) == 1 else { throw lost() }
        defer { PQexitPipelineMode(connection) }
        for (name, statement) in zip(names, statements) {
            let isSent = withOptionalCStrings(statement.arguments.map(Self.text)) { values in
                PQsendQueryPrepared(connection, name, Int32(statement.arguments.count), values, nil, nil, 0)
            }
            guard isSent == 1 else { throw lost() }
        }
        guard PQpipelineSync(connection) == 1 else { throw lost() }
        var answers: [Answer] = []
        var failure: (any Error)?
        for _ in statements {
            // A null comes behind each statement's answer.
            while let result = PQgetResult(connection) {
                if PQresultStatus(result) == PGRES_PIPELINE_ABORTED {
                    PQclear(result)
                    continue
                }
                do { answers.append(try checked(result)) } catch { failure = failure ?? error }
            }
            guard isAlive else { throw failure ?? lost() }
        }
        // What the synchronisation is answered with.
        if let end = PQgetResult(connection) { PQclear(end) }
        if let failure { throw failure }
        return answers
    }

    // MARK: Parts

    /// A result that is freed with its object.
    private final class Answer {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { PQclear(pointer) }
    }

    private func perform(_ sql: String, _ arguments: [SQLValue]) throws -> Answer {
        let name = try prepare(sql)
        let texts = arguments.map(Self.text)
        return try withOptionalCStrings(texts) { values in
            try checked(PQexecPrepared(connection, name, Int32(arguments.count), values, nil, nil, 0))
        }
    }

    private func prepare(_ sql: String) throws -> String {
        if let name = prepared[sql] { return name }
        let name = "s\(prepared.count)"
        var number = 0
        let numbered = sql.reduce(into: "") { text, character in
            guard character == "?" else { return text.append(character) }
            number += 1
            text += "$\(number)"
        }
        _ = try checked(PQprepare(connection, name, numbered, 0, nil))
        prepared[sql] = name
        return name
    }

    private func checked(_ result: OpaquePointer?) throws -> Answer {
        guard let result else { throw lost() }
        let answer = Answer(result)
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
            let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? ""
            let message = String(cString: PQresultErrorMessage(result)).trimmingCharacters(in: .whitespacesAndNewlines)
            throw PostgresError(state: isAlive ? state : "", message: message)
        }
        return answer
    }

    private func lost() -> PostgresError {
        PostgresError(
            state: "", message: String(cString: PQerrorMessage(connection)).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// An array's text, as PostgreSQL reads it.
    private static func text(_ values: [SQLValue]) -> String {
        var result = "{"
        for value in values {
            if result.utf8.count > 1 { result += "," }
            switch value {
            case .text:
                let text = text(value) ?? ""
                result += "\""
                if text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") }) {
                    result += text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                } else {
                    result += text
                }
                result += "\""
            default: result += text(value) ?? "NULL"
            }
        }
        return result + "}"
    }

    private static func text(_ value: SQLValue) -> String? {
        switch value {
        case .array(let values): text(values)
        case .null: nil
        case .integer(let value): String(value)
        case .real(let value): String(value)
        // PostgreSQL has no zero character.
        case .text(let value): value.contains("\0") ? value.replacing("\0", with: "\u{FFFD}") : value
        }
    }

    private static func value(_ result: OpaquePointer, _ row: Int32, _ column: Int32, _ type: Oid) -> SQLValue {
        guard PQgetisnull(result, row, column) == 0, let bytes = PQgetvalue(result, row, column) else { return .null }
        let text = String(cString: bytes)
        switch type {
        case 16: return .integer(text == "t" ? 1 : 0)
        case 20, 21, 23: return .integer(Int64(text) ?? 0)
        case 700, 701, 1700: return .real(Double(text) ?? 0)
        default: return .text(text)
        }
    }
}

/// Calls `body` with a null-terminated array of C strings.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> Result
) rethrows -> Result {
    try withOptionalCStrings(strings + [nil], body)
}

/// Calls `body` with an array of C strings, null where there is none.
private func withOptionalCStrings<Result>(
    _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> Result
) rethrows -> Result {
    let copies = strings.map { $0.flatMap { strdup($0) } }
    defer { for copy in copies { free(copy) } }
    return try copies.map { UnsafePointer($0) }.withUnsafeBufferPointer { buffer in
        // An empty array has no address of its own.
        try withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: 1) { empty in
            empty.initialize(repeating: nil)
            return try body(buffer.baseAddress ?? UnsafePointer(empty.baseAddress!))
        }
    }
}
