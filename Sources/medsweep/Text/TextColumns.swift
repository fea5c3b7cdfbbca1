/// Rows of words in columns.
enum TextColumns {
    /// Every column as wide as its widest word, two spaces between; the last is not padded.
    /// - Parameter right: the columns whose words stand at their right edge.
    static func lines(_ rows: [[String]], right: Set<Int> = []) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                if right.contains(column) { return padding(row[column], to: widths[column]) + row[column] }
                return column == row.count - 1 ? row[column] : pad(row[column], to: widths[column])
            }.joined(separator: "  ")
        }
    }

    /// `word` with spaces behind it up to a width.
    static func pad(_ word: String, to width: Int) -> String { word + padding(word, to: width) }

    private static func padding(_ word: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - word.count))
    }
}
