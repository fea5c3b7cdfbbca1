import Yams

/// Finds again what Yams does not tell the place of: where an alias stands, and where a key comes for the second time.
struct YAMLPlaces: Sendable {
    let text: String
    private let lines: [Substring]

    init(_ text: String) {
        self.text = text
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// The line at which a key stands again behind its first place: as far indented, or in the same braces.
    func repetition(of key: String, first: Mark) -> Int? {
        let indentation = first.column - 1
        let isInBraces = lines.indices.contains(first.line - 1) && lines[first.line - 1].prefix(indentation).contains("{")
        for line in first.line...max(first.line, lines.count) where line <= lines.count {
            var text = lines[line - 1]
            if line == first.line {
                text = text.dropFirst(first.column)
            } else if isInBraces || text.prefix(while: { $0 == " " }).count == indentation,
                begins(text.drop { $0 == " " }, with: key)
            {
                return line
            }
            for place in text.indices where text[place] == "," || text[place] == "{" {
                if begins(text[text.index(after: place)...].drop { $0 == " " }, with: key) { return line }
            }
        }
        return nil
    }

    private func begins(_ text: Substring, with key: String) -> Bool {
        for quote in ["", "\"", "'"] where text.hasPrefix(quote + key + quote) {
            if text.dropFirst(key.count + 2 * quote.count).drop(while: { $0 == " " }).first == ":" { return true }
        }
        return false
    }

    /// Where the next alias behind a place is.
    func alias(after place: Mark) -> Mark? {
        for line in place.line...max(place.line, lines.count) where line <= lines.count {
            var before: Character = " "
            for (column, character) in lines[line - 1].enumerated() {
                if character == "#", before == " " { break }
                if character == "*", " ,[{:-".contains(before), line > place.line || column + 1 > place.column {
                    return Mark.at(line: line, column: column + 1)
                }
                before = character
            }
        }
        return nil
    }
}

extension Mark {
    /// Yams makes marks only where it finds something.
    fileprivate static func at(line: Int, column: Int) -> Mark? {
        let text = String(repeating: "\n", count: line - 1) + String(repeating: " ", count: column - 1) + "x"
        return (try? Yams.compose(yaml: text))?.mark
    }

    static func < (left: Mark, right: Mark) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

extension Node {
    /// Whether there is nothing: no character, or a word for nothing.
    var isEmptyValue: Bool {
        guard case .scalar(let scalar) = self, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The node at a place, if its own is before it: an alias has the place of its anchor, which is not where somebody would look for it.
    func placed(notBefore place: Mark?) -> Node {
        guard let place, let own = mark, own < place else { return self }
        switch self {
        case .scalar(let scalar): return .scalar(.init(scalar.string, scalar.tag, scalar.style, place))
        case .mapping(let mapping):
            return .mapping(.init(Array(mapping.map { ($0.key, $0.value) }), mapping.tag, mapping.style, place))
        case .sequence(let sequence): return .sequence(.init(Array(sequence), sequence.tag, sequence.style, place))
        case .alias: return self
        }
    }
}
