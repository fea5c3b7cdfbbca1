import CTorch

/// What libtorch, or this room's own checks, found wrong. The text is libtorch's own message.
public struct TorchError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    /// Whether main memory, or a GPU's, was too small for what was asked; less at a time may fit.
    public let isOutOfMemory: Bool

    public init(_ message: String, isOutOfMemory: Bool = false) {
        self.message = message
        self.isOutOfMemory = isOutOfMemory
    }

    public var description: String { message }
}

/// Runs a C call that reports through an error text.
func checked(_ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32) throws(TorchError) {
    var text: UnsafeMutablePointer<CChar>?
    let status = call(&text)
    guard status != 0 else { return }
    defer { ct_text_free(text) }
    throw TorchError(
        text.map { String(cString: $0) } ?? "libtorch failed without a message",
        isOutOfMemory: status == Int32(CT_OUT_OF_MEMORY.rawValue))
}
