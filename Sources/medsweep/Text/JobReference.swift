import ArgumentParser

/// How people name a job: its identity, or the first digits of it.
enum JobReference {
    /// Whether `text` can name a job: 8 to 64 hexadecimal digits.
    static func isPossible(_ text: String) -> Bool {
        (8...64).contains(text.utf8.count) && text.utf8.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    }

    /// The reference in the coordinator's form.
    /// - Throws: `ValidationError` for what cannot name a job.
    static func parse(_ text: String) throws -> String {
        guard isPossible(text) else {
            throw ValidationError(
                "'\(text)' names no job; give its identity or the first 8 or more of its hexadecimal digits, as `medsweep status` shows them")
        }
        return text.lowercased()
    }

    /// The digits that are shown.
    static func short(_ identity: String) -> String { String(identity.prefix(12)) }
}
