/// What is wrong with an image or a volume: one sentence that names the file.
public struct ImagingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What it is that is wrong, as far as it matters for trying again.
    public enum Kind: Hashable, Sendable {
        /// The file's content: whoever has the same bytes fails in the same way.
        case content
        /// The file cannot be read here and now.
        case access
    }

    /// The sentence.
    public let description: String
    public let kind: Kind

    /// An error that says `description`.
    public init(_ description: String, kind: Kind = .content) {
        self.description = description
        self.kind = kind
    }
}
