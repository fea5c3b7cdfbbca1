/// What is wrong with an image or a volume: one sentence that names the file.
public struct ImagingError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
