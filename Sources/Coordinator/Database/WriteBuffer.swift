/// A connection whose writes of many rows wait until something has to be read, or until the end: a group of requests then costs a
/// few statements and not a few for each. Requests that are refused leave nothing of themselves.
final class WriteBuffer: SQLConnection {
    private let base: any SQLConnection
    var dialect: SQLDialect { base.dialect }

    private struct Batch {
        let shape: RowShape
        var rows: [[SQLValue]] = []
        var keys: Set<[SQLValue]> = []
    }

    /// In the order in which they are written.
    private var batches: [Batch] = []
    /// How many rows of each batch were there before the request that is at work; `nil`: none is.
    private var marks: [String: Int]?
    /// Whether that request has written something that only the database can take back.
    private var hasSavepoint = false

    init(_ base: any SQLConnection) { self.base = base }

    // MARK: Writing

    /// Takes a row that is written before anything else is asked.
    func add(_ row: [SQLValue], to shape: RowShape) throws {
        let key = Array(row.prefix(shape.keys))
        if shape.keys > 0, batches.contains(where: { $0.shape.table == shape.table && $0.keys.contains(key) }) {
            // What is written of one row is written in order, and twice in one statement would be once.
            try flush()
        }
        let place = batch(shape) ?? {
            batches.append(Batch(shape: shape))
            return batches.count - 1
        }()
        batches[place].rows.append(row)
        if shape.keys > 0 { batches[place].keys.insert(key) }
    }

    private func batch(_ shape: RowShape) -> Int? { batches.firstIndex { $0.shape.name == shape.name } }

    @discardableResult
    func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        try protect()
        try flush()
        return try base.run(sql, arguments)
    }

    func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
        if !sql.hasPrefix("SELECT") { try protect() }
        try flush()
        return try base.rows(sql, arguments)
    }

    func runAll(_ statements: [SQLStatement]) throws {
        try protect()
        try flush()
        try base.runAll(statements)
    }

    func answers(_ statements: [SQLStatement]) throws -> [[SQLRow]] {
        try flush()
        return try base.answers(statements)
    }

    /// Writes what waits, and then `statements`, as late as can be: with PostgreSQL together with the commit.
    func finish(_ statements: [SQLStatement]) throws { try base.runBeforeCommit(takeWaiting() + statements) }

    func runBeforeCommit(_ statements: [SQLStatement]) throws { try finish(statements) }

    private func flush() throws {
        // What the request at work has written goes with it when it is refused.
        if let marks, batches.contains(where: { $0.rows.count > marks[$0.shape.name, default: 0] }) { try protect() }
        let waiting = takeWaiting()
        if !waiting.isEmpty { try base.runAll(waiting) }
    }

    private func takeWaiting() -> [SQLStatement] {
        defer {
            batches = []
            if marks != nil { marks = [:] }
        }
        return batches.flatMap { statements($0.shape, $0.rows[...]) }
    }

    /// What writes rows of a shape.
    func statements(_ shape: RowShape, _ rows: ArraySlice<[SQLValue]>) -> [SQLStatement] {
        guard let width = rows.first?.count else { return [] }
        if dialect == .sqlite { return rows.map { SQLStatement(shape.single, $0) } }
        return [SQLStatement(shape.many, (0..<width).map { column in .array(rows.map { $0[column] }) })]
    }

    // MARK: Requests

    /// Runs a request. When it throws a ``StoreError``, nothing of it is kept.
    func request<Result>(_ body: () throws -> Result) throws -> Result {
        marks = Dictionary(uniqueKeysWithValues: batches.map { ($0.shape.name, $0.rows.count) })
        hasSavepoint = false
        defer { marks = nil }
        do {
            let result = try body()
            if hasSavepoint { try base.runAll([SQLStatement("RELEASE SAVEPOINT request")]) }
            return result
        } catch let refusal as StoreError {
            for place in batches.indices {
                let (shape, kept) = (batches[place].shape, marks?[batches[place].shape.name] ?? 0)
                let rest = batches[place].rows[kept...]
                if shape.keys > 0 { for row in rest { batches[place].keys.remove(Array(row.prefix(shape.keys))) } }
                batches[place].rows.removeSubrange(kept...)
            }
            if hasSavepoint {
                try base.runAll([SQLStatement("ROLLBACK TO SAVEPOINT request"), SQLStatement("RELEASE SAVEPOINT request")])
            }
            throw refusal
        }
    }

    /// From here on the database can take back what the request at work writes; what others wrote before it stays.
    private func protect() throws {
        guard let marks, !hasSavepoint else { return }
        hasSavepoint = true
        var earlier: [SQLStatement] = []
        for place in batches.indices {
            let shape = batches[place].shape
            let count = marks[shape.name] ?? 0
            earlier += statements(shape, batches[place].rows.prefix(count))
            batches[place].rows.removeFirst(count)
            if shape.keys > 0 { batches[place].keys = Set(batches[place].rows.map { Array($0.prefix(shape.keys)) }) }
        }
        self.marks = [:]
        try base.runAll(earlier + [SQLStatement("SAVEPOINT request")])
    }
}
