import Foundation

/// Who may do what: bearer tokens with their roles.
struct Tokens: Sendable {
    enum Role: String, Sendable {
        /// May lease, report and move files.
        case worker
        /// May do everything.
        case `operator`
    }

    private let entries: [(role: Role, token: [UInt8])]

    /// Reads lines of `role token`; empty lines and lines that begin with `#` are passed over.
    /// - Throws: ``CoordinatorError`` that names file and line, never a token.
    init(file: URL) throws(CoordinatorError) {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            throw CoordinatorError(.badTokens, "cannot read the token file '\(file.path)'")
        }
        var entries: [(role: Role, token: [UInt8])] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.isEmpty || line.hasPrefix("#") { continue }
            guard words.count == 2, let role = Role(rawValue: String(words[0])), words[1].utf8.count >= 16 else {
                throw CoordinatorError(
                    .badTokens, "\(file.path):\(number + 1): a line is 'worker TOKEN' or 'operator TOKEN' with a token of at least 16 characters")
            }
            entries.append((role, Array(words[1].utf8)))
        }
        guard !entries.isEmpty else { throw CoordinatorError(.badTokens, "the token file '\(file.path)' has no tokens") }
        self.entries = entries
    }

    /// The role of a token. Every entry is compared in full, so that the time tells nothing.
    func role(of token: String) -> Role? {
        let given = Array(token.utf8)
        var found: Role?
        for (role, known) in entries {
            var difference = UInt8(given.count == known.count ? 0 : 1)
            for (index, byte) in known.enumerated() { difference |= byte ^ (index < given.count ? given[index] : 0) }
            if difference == 0, found != .operator { found = role }
        }
        return found
    }
}
