/// What is wrong with a transform's parameters, with an image or with the order of an epoch, in one sentence.
public struct TransformError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}
