import Wire

// Texts that come from elsewhere, in the words of a format. All go by Unicode scalars: a letter that a mark is put upon is one
// character to Swift and two to whoever reads the format, who then sees a quote or a comma of his own.

/// Texts in a page of HTML, within elements and quoted attributes.
enum HTML {
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case _ where scalar.isUnseen: result += String(scalar).oneLine
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}

/// Texts within a line or a table's cell of GitHub's Markdown.
enum Markdown {
    static func escaped(_ text: String) -> String {
        let scalars = Array(text.oneLine.unicodeScalars)
        func isWord(_ place: Int) -> Bool { scalars.indices.contains(place) && scalars[place].properties.isAlphabetic }
        var result = String.UnicodeScalarView()
        for (place, scalar) in scalars.enumerated() {
            let isMarkup =
                switch scalar {
                case "\\", "`", "*", "<", ">", "|", "&", "~", "$", "#": true
                // Within a name an underscore is one.
                case "_": !(isWord(place - 1) && isWord(place + 1))
                // Brackets are a link where something follows that is one.
                case "]": place + 1 < scalars.count && ["(", "[", ":"].contains(scalars[place + 1])
                default: false
                }
            if isMarkup { result.append("\\") }
            result.append(scalar)
        }
        return String(result)
    }
}

/// Fields of a table of comma-separated values (RFC 4180).
enum CSV {
    /// - Parameter isAlwaysQuoted: whether fields are quoted that need not be.
    static func field(_ text: String, isAlwaysQuoted: Bool = false) -> String {
        var field = String.UnicodeScalarView()
        // Spreadsheets take such a field for a formula, and run it; numbers may begin so.
        if let first = text.unicodeScalars.first, ["=", "+", "-", "@", "\t", "\r"].contains(first), Double(text) == nil {
            field.append("'")
        }
        var isPlain = !isAlwaysQuoted
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"":
                isPlain = false
                field.append(scalar)
                field.append(scalar)
            case ",", "\n", "\r":
                isPlain = false
                field.append(scalar)
            case _ where scalar.isUnseen: field.append(contentsOf: String(scalar).oneLine.unicodeScalars)
            default: field.append(scalar)
            }
        }
        return isPlain ? String(field) : "\"\(String(field))\""
    }
}
