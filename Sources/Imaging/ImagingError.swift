/// What is wrong with an image or a volume: one sentence that names the file.
public struct ImagingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    /// An error that says `description`.
    public init(_ description: String) { self.description = description }
}
