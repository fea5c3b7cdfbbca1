/// Columns under their names, numbers to the right.
struct TextTable {
    private let rows: [[String]]

    init(_ names: [String], rows: [[String]]) { self.rows = [names] + rows }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell -> String in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                // Words, in the first and the last column of some tables, stand to the left.
                return isNumeric(column) ? space + cell : cell + space
            }
            var line = "  " + cells.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    private func isNumeric(_ column: Int) -> Bool {
        rows.dropFirst().contains { $0[column].first?.isNumber == true && $0[column].last?.isLetter == false }
    }
}
