/// What a statement that writes many rows does with each of them, said once for every database: SQLite takes rows one after the
/// other, PostgreSQL all of them as arrays in one statement.
struct RowShape: Sendable {
    /// A column and the type of what goes into it.
    struct Column: Sendable {
        let name: String
        let type: String

        static func integer(_ name: String) -> Column { Column(name: name, type: "bigint") }
        static func real(_ name: String) -> Column { Column(name: name, type: "double precision") }
        static func text(_ name: String) -> Column { Column(name: name, type: "text") }
    }

    /// Rows of one shape go into one statement.
    let name: String
    let table: String
    /// How many of the first values tell rows of the table apart; 0: none is met twice.
    let keys: Int
    /// The statement for one row, with a `?` for each value.
    let single: String
    /// The statement for all rows, with a `?` for each column's values.
    let many: String

    /// New rows.
    /// - Parameters:
    ///   - keys: how many of the first columns tell rows apart, where others write of the same.
    ///   - tail: what follows the values, such as what to do with rows that are there.
    static func insert(_ table: String, _ columns: [Column], keys: Int = 0, tail: String = "") -> RowShape {
        let head = "INSERT INTO \(table) (\(columns.map(\.name).joined(separator: ", ")))"
        let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        return RowShape(
            name: "+\(table)", table: table, keys: keys, single: "\(head) VALUES (\(marks)) \(tail)",
            many: "\(head) SELECT * FROM unnest(\(arrays(columns))) \(tail)")
    }

    /// Changes of rows that are there. Values are the keys' and then the columns'.
    /// - Parameter name: tells apart what changes different columns of one table.
    static func update(_ table: String, _ name: String, keys: [Column], set columns: [Column]) -> RowShape {
        let many = columns.map { "\($0.name) = new.\($0.name)" }
        let all = keys + columns
        let places = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1.name, "?\($0 + 1)") })
        return RowShape(
            name: "=\(table).\(name)", table: table, keys: keys.count,
            single: """
                UPDATE \(table) SET \(columns.map { "\($0.name) = \(places[$0.name]!)" }.joined(separator: ", ")) \
                WHERE \(keys.map { "\($0.name) = \(places[$0.name]!)" }.joined(separator: " AND "))
                """,
            many: """
                UPDATE \(table) SET \(many.joined(separator: ", ")) \
                FROM unnest(\(arrays(all))) AS new(\(all.map(\.name).joined(separator: ", "))) \
                WHERE \(keys.map { "\(table).\($0.name) = new.\($0.name)" }.joined(separator: " AND "))
                """)
    }

    private static func arrays(_ columns: [Column]) -> String { columns.map { "?::\($0.type)[]" }.joined(separator: ", ") }
}

/// A statement and what goes into it.
struct SQLStatement: Sendable {
    let sql: String
    let arguments: [SQLValue]

    init(_ sql: String, _ arguments: [SQLValue] = []) {
        self.sql = sql
        self.arguments = arguments
    }
}
