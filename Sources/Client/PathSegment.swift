import Foundation
import Wire

/// Names that people typed, made fit for an address.
enum PathSegment {
    /// `name` as one segment of a path.
    /// - Throws: ``ClientError/problem(_:)`` for what cannot be one: a path is shortened by `.` and `..` on its way.
    static func encode(_ name: String) throws(ClientError) -> String {
        guard !name.isEmpty, name != ".", name != ".." else {
            throw .problem(
                Problem(status: 400, title: "bad name", detail: "'\(name)' is not the name of a sweep, a job or a worker"))
        }
        return escape(name)
    }

    /// `text` with everything but letters, digits, `-`, `.`, `_` and `~` percent-encoded.
    static func escape(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: String(format: "%%%02X", Int(byte))
            }
        }.joined()
    }
}
