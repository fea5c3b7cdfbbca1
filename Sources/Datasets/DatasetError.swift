/// What is wrong with a data set: one sentence that names the folder, file or entry and the mend.
public struct DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    /// An error that says `description`.
    public init(_ description: String) { self.description = description }
}
