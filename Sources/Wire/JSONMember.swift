/// Finds a member of a JSON object without reading the rest.
public enum JSONMember {
    /// The bytes of the value that stands under `name` in the object that `bytes` holds, or `nil` if there is none such.
    /// - Parameters:
    ///   - name: without characters that JSON would escape.
    ///   - bytes: what a JSON decoder has accepted.
    public static func value(of name: String, in bytes: some Collection<UInt8>) -> String? {
        let bytes = Array(bytes)
        let name = Array(name.utf8)
        var place = 0
        var depth = 0
        var start: Int?
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                let begin = place + 1
                place = begin
                while place < bytes.count, bytes[place] != UInt8(ascii: "\"") { place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1 }
                guard place < bytes.count else { return nil }
                if depth == 1, start == nil, bytes[begin..<place].elementsEqual(name) {
                    var next = place + 1
                    while next < bytes.count, bytes[next] <= UInt8(ascii: " ") { next += 1 }
                    // A value may read like a name; only a name has a colon behind it.
                    if next < bytes.count, bytes[next] == UInt8(ascii: ":") {
                        start = next + 1
                        place = next
                    }
                }
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","):
                if depth == 1, let start { return String(decoding: bytes[start..<place], as: UTF8.self) }
                if bytes[place] != UInt8(ascii: ",") { depth -= 1 }
            default: break
            }
            place += 1
        }
        return nil
    }
}
