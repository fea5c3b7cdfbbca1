import Foundation

/// A small table in comma-separated lines whose first line names the columns, as benchmarks come with them; no value holds a comma.
struct CommaTable {
    /// A line of values.
    struct Row {
        /// `'FILE', line N`
        let place: String
        fileprivate let values: [String]
        fileprivate let columns: [String: Int]

        /// The value of a column that the table was asked for.
        subscript(_ column: String) -> String { values[columns[column]!] }
    }

    let rows: [Row]

    /// - Parameters:
    ///   - columns: those that are needed; others are passed over.
    ///   - header: the first line as it should be, for messages.
    /// - Throws: ``DatasetError`` that names the file and the line.
    init(_ file: String, columns: [String], header: String) throws(DatasetError) {
        let bytes = try ListReader.bytes(of: file, should: "list images")
        guard let text = String(data: bytes, encoding: .utf8) else { throw DatasetError("'\(file)' is not UTF-8 text") }
        // Spreadsheets put a byte order mark in front.
        var lines = text.drop { $0 == "\u{FEFF}" }.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
        let names = lines.popFirst().map(Self.fields) ?? []
        for column in columns where !names.contains(column) {
            throw DatasetError("'\(file)' has no column '\(column)'; its first line should be \(header)")
        }
        let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        var rows: [Row] = []
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            let values = Self.fields(line)
            let place = "'\(file)', line \(index + 2)"
            guard values.count == names.count else {
                throw DatasetError("\(place) has \(values.count) values and the first line \(names.count); mend it")
            }
            rows.append(Row(place: place, values: values, columns: places))
        }
        self.rows = rows
    }

    /// The values of a line, without the blanks and quotes around them.
    private static func fields(_ line: Substring) -> [String] {
        line.split(separator: ",", omittingEmptySubsequences: false).map { field in
            let word = field.trimmingCharacters(in: .whitespaces)
            return word.count >= 2 && word.hasPrefix("\"") && word.hasSuffix("\"") ? String(word.dropFirst().dropLast()) : word
        }
    }
}
