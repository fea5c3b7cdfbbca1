extension StringProtocol {
    /// In one line, with a space for each line break or tab, and with the code of every other character that is not seen but does
    /// something, as `\u{202E}`: what comes from elsewhere must neither break a table, nor steer a terminal, nor turn the text beside
    /// it around.
    public var oneLine: String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalar.properties.isWhitespace, scalar.isUnseen {
                result.append(" ")
            } else if scalar.isUnseen {
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// Its lines, each as ``oneLine``, without empty ones at the end.
    public var plainLines: [String] {
        var lines = split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(\.oneLine)
        while lines.last?.allSatisfy({ $0 == " " }) == true { lines.removeLast() }
        return lines
    }
}

extension Unicode.Scalar {
    /// Whether it is nothing to look at but steers what shows it: a control character, a line's or paragraph's end, a mark that
    /// turns the direction of writing, or a tag.
    public var isUnseen: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Others join letters of some scripts, and pictures.
        case .format: properties.isBidiControl || value == 0xFEFF || (0xE0000...0xE007F).contains(value)
        default: false
        }
    }
}
