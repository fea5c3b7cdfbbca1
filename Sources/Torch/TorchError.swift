import CTorch

/// What libtorch, or this room's own checks, found wrong. The text is libtorch's own message.
public struct TorchError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }

    public var description: String { message }
}

/// Runs a C call that reports through an error text.
func checked(_ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32) throws(TorchError) {
    var text: UnsafeMutablePointer<CChar>?
    guard call(&text) != 0 else { return }
    defer { ct_text_free(text) }
    throw TorchError(text.map { String(cString: $0) } ?? "libtorch failed without a message")
}
