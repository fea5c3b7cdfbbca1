import Catalogue

/// `axis=values` on the command line: the subset of Hydra's grammar that makes sense for a sweep file.
struct Override {
    private let axis: GridAxis
    private let parser: GridParser

    init(_ text: String, _ parser: GridParser) throws(SweepFileError) {
        self.parser = parser
        let reader = parser.reader
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw reader.error(nil, "'\(text)' is no override; write axis=value, axis=a,b or axis=range(0,5)")
        }
        let name = String(text[..<equals])
        let value = String(text[text.index(after: equals)...])
        guard name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil, !value.hasPrefix("glob("), !value.isEmpty else {
            throw reader.error(
                nil, "'\(text)' uses a form of override that is not known here; write axis=value, axis=a,b, axis=choice(a,b) or axis=range(0,5)")
        }
        let values = SweepValues(reader, nil)
        var settings: [Setting]
        if let given = try values.function(value) {
            settings = given
        } else {
            settings = []
            let bare = value.hasPrefix("[") && value.hasSuffix("]") ? value.dropFirst().dropLast() : value[...]
            for item in bare.split(separator: ",", omittingEmptySubsequences: false) {
                let word = item.trimmingPrefix(while: \.isWhitespace).description
                // A shell has taken the quotes that make a name of digits a text.
                settings.append(["method", "dataset"].contains(name) && !word.isEmpty ? .text(word) : try values.plain(word))
            }
        }
        axis = try parser.axis(
            Located(value: name, line: nil), settings.map { Located(value: $0, line: nil) })
    }

    /// Takes the axis out of wherever it stands and puts it into the matrix: in its old place, else at the end. Nothing of
    /// the sweep has another value on that axis then.
    func apply(to grid: inout Grid) throws(SweepFileError) {
        let name = axis.names[0]
        grid.fixed[name] = nil
        // An entry of `include` that the override rules out is not wanted as a new job either.
        let values = Set(axis.rows.map { $0[0] })
        grid.include.removeAll { entry in entry.values[name].map { !values.contains($0) } ?? false }
        for (place, old) in grid.axes.enumerated() where old.names.contains(name) {
            guard old.names.count == 1 else {
                let others = old.names.filter { $0 != name }.joined(separator: "', '")
                throw parser.reader.error(nil, "'\(name)' is paired with '\(others)' by zip and cannot be overridden alone")
            }
            grid.axes[place] = axis
            return
        }
        let zips = grid.axes.firstIndex(where: \.isZip) ?? grid.axes.count
        grid.axes.insert(axis, at: zips)
    }
}
