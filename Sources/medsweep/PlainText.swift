extension String {
    /// With a space for each line break or other control character: what comes from elsewhere must neither break a
    /// table nor steer the terminal.
    var oneLine: String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars { result.append(scalar.properties.generalCategory == .control ? " " : scalar) }
        return String(result)
    }

    /// Its lines, each as ``oneLine``, without empty ones at the end.
    var plainLines: [String] {
        var lines = split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { String($0).oneLine }
        while lines.last?.allSatisfy({ $0 == " " }) == true { lines.removeLast() }
        return lines
    }
}
