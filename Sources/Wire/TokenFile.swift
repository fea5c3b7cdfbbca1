/// A file of bearer tokens, as people write them: one on a line, perhaps behind a role, with empty lines and with remarks from a `#`
/// at a word's beginning to the line's end.
public enum TokenFile {
    /// A line that says something.
    public struct Line: Sendable, Hashable {
        /// From 1.
        public let number: Int
        public let words: [String]
    }

    /// The lines that say something.
    public static func lines(_ text: String) -> [Line] {
        // Editors of other systems begin files with a mark and end lines with two characters.
        let text = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap { place, line in
            let words = line.split(whereSeparator: \.isWhitespace).prefix { !$0.hasPrefix("#") }
            return words.isEmpty ? nil : Line(number: place + 1, words: words.map(String.init))
        }
    }
}
