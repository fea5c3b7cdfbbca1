import Foundation
import Wire

/// Who may do what: bearer tokens with their roles.
struct Tokens: Sendable {
    enum Role: String, Sendable {
        /// May lease, report and move files.
        case worker
        /// May do everything.
        case `operator`
    }

    private let entries: [(role: Role, token: [UInt8])]

    /// What whoever gives a token that is not among them is told.
    static let unknown = "this token is not known here; compare it with the coordinator's token file"

    /// Reads lines of `role token`, remarks passed over.
    /// - Throws: ``CoordinatorError`` that names file and line, never a token.
    init(file: URL) throws(CoordinatorError) {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            throw CoordinatorError(
                .badTokens, "cannot read the token file '\(file.path)'; give --token-file a text file that this user may read")
        }
        var entries: [(role: Role, token: [UInt8])] = []
        for line in TokenFile.lines(text) {
            let words = line.words
            guard words.count == 2, let role = Role(rawValue: words[0]), words[1].utf8.count >= 16 else {
                throw CoordinatorError(
                    .badTokens,
                    "\(file.path):\(line.number): a line is 'worker TOKEN' or 'operator TOKEN' with a token of at least 16 characters"
                )
            }
            entries.append((role, Array(words[1].utf8)))
        }
        guard !entries.isEmpty else {
            throw CoordinatorError(
                .badTokens,
                "the token file '\(file.path)' has no tokens; write lines of 'worker TOKEN' and 'operator TOKEN' into it")
        }
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
