import Catalogue

/// The checks of a grid that concern its parts together.
struct GridChecks {
    let file: SweepFile

    private var grid: Grid { file.grid }
    private var reader: SweepYAML { file.reader }

    func run() throws(SweepFileError) {
        try checkAxes()
        try checkSize()
        try checkOptions()
        try checkNewCells()
        try checkThatSomethingIsLeft()
    }

    private func checkThatSomethingIsLeft() throws(SweepFileError) {
        var cells = CellIterator(file: file)
        guard cells.next() == nil else { return }
        throw reader.error(grid.exclude.first?.line ?? 1, "exclude takes out every cell, so that the sweep has no jobs; leave some")
    }

    /// Every axis stands in one place, and the product names method, data set and seed.
    private func checkAxes() throws(SweepFileError) {
        var seen: Set<String> = []
        for axis in grid.axes {
            for name in axis.names {
                guard seen.insert(name).inserted else { throw reader.error(axis.line, "'\(name)' stands in matrix and zip, or in zip twice") }
                if let fixed = grid.fixed[name] {
                    throw reader.error(fixed.line, "'\(name)' stands in fixed and in matrix or zip; remove one")
                }
            }
        }
        guard !grid.axes.isEmpty || !grid.include.isEmpty else {
            throw reader.error(1, "the sweep has no jobs; add 'matrix: {method: [...], dataset: [...], seed: range(0, 3)}'")
        }
        if !grid.axes.isEmpty {
            for name in GridParser.reserved where !seen.contains(name) && grid.fixed[name] == nil {
                throw reader.error(grid.axes[0].line, "the matrix has no '\(name)'; add it here or to fixed")
            }
        }
    }

    private func checkSize() throws(SweepFileError) {
        guard let count = grid.productCount, count <= SweepFile.cellLimit else {
            throw reader.error(
                grid.axes.first?.line ?? 1, "the matrix has more than \(SweepFile.cellLimit) cells; split the sweep")
        }
    }

    /// Every method has the options that its cells give it.
    private func checkOptions() throws(SweepFileError) {
        let all = file.names(of: "method")
        let base = grid.axes.isEmpty ? [] : baseMethods
        for (name, value) in grid.fixed.sorted(by: { ($0.value.line ?? 0, $0.key) < ($1.value.line ?? 0, $1.key) }) {
            try require(name, of: all, values: [value.value], line: value.line, isConditional: false)
        }
        for axis in grid.axes {
            for (place, name) in axis.names.enumerated() {
                try require(name, of: base, values: axis.rows.map { $0[place] }, line: axis.line, isConditional: false)
            }
        }
        for entry in grid.include {
            let methods = entry.values["method"]?.textValue.map { [$0] } ?? base
            for (name, value) in entry.values.sorted(by: { $0.key < $1.key }) {
                try require(name, of: methods, values: [value], line: entry.line, isConditional: true)
            }
        }
        for entry in grid.conditional {
            for (name, value) in entry.to {
                try require(name, of: entry.when.methods ?? all, values: [value], line: entry.when.line, isConditional: true)
            }
        }
        for entry in grid.ablate {
            for (name, values) in entry.vary {
                try require(name, of: entry.when.methods ?? all, values: values, line: entry.when.line, isConditional: true)
            }
        }
    }

    private var baseMethods: [String] {
        if let fixed = grid.fixed["method"]?.value.textValue { return [fixed] }
        for axis in grid.axes {
            if let place = axis.names.firstIndex(of: "method") { return axis.rows.compactMap { $0[place].textValue } }
        }
        return []
    }

    private func require(
        _ option: String, of methods: [String], values: [Setting], line: Int?, isConditional: Bool
    ) throws(SweepFileError) {
        guard !GridParser.reserved.contains(option) else { return }
        for name in methods {
            guard let method = file.methods[name] else { continue }
            guard let description = method.option(option) else {
                let owners = file.methods.values.filter { $0.option(option) != nil }.map(\.name).sorted().joined(separator: ", ")
                let mend = isConditional
                    ? "restrict the entry with 'method: [\(owners)]'"
                    : "move it to 'set: - {when: {method: [\(owners)]}, to: {\(option): ...}}'"
                throw reader.error(line, "method '\(name)' has no option '\(option)'; \(mend)")
            }
            for value in values where !description.accepts(value) {
                throw reader.error(line, "'\(option)' of method '\(name)' takes \(description.expectation), not \(value)")
            }
        }
    }

    /// An entry of `include` that fits no cell of the matrix must be a whole cell.
    private func checkNewCells() throws(SweepFileError) {
        for entry in grid.include where !grid.fitsSomeCell(entry) {
            for name in GridParser.reserved where entry.values[name] == nil && grid.fixed[name] == nil {
                throw reader.error(
                    entry.line, "this entry fits no cell of the matrix and so makes a new job, which lacks '\(name)'; add it")
            }
        }
    }
}

extension Grid {
    /// Whether the entry agrees with some cell of the product (excluded ones included).
    func fitsSomeCell(_ entry: Inclusion) -> Bool {
        guard !axes.isEmpty else { return false }
        for name in GridParser.reserved {
            if let given = entry.values[name], let fixed = fixed[name], fixed.value != given { return false }
        }
        return axes.allSatisfy { axis in
            axis.rows.contains { row in
                Swift.zip(axis.names, row).allSatisfy { name, value in entry.values[name].map { $0 == value } ?? true }
            }
        }
    }
}
