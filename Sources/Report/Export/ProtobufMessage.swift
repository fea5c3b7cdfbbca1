/// Writes a Protocol Buffers message field by field, in the wire format of its language guide.
struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5
    }

    mutating func add(_ field: Int, _ value: Int64) {
        tag(field, .varint)
        varint(UInt64(bitPattern: value))
    }

    mutating func add(_ field: Int, _ value: Bool) { add(field, value ? 1 : 0 as Int64) }

    mutating func add(_ field: Int, _ value: Double) {
        tag(field, .fixed64)
        bytes += value.bitPattern.littleEndianBytes
    }

    mutating func add(_ field: Int, _ value: Float) {
        tag(field, .fixed32)
        bytes += value.bitPattern.littleEndianBytes
    }

    mutating func add(_ field: Int, _ value: String) { add(field, bytes: Array(value.utf8)) }

    mutating func add(_ field: Int, _ value: ProtobufMessage) { add(field, bytes: value.bytes) }

    mutating func add(_ field: Int, bytes value: [UInt8]) {
        tag(field, .delimited)
        varint(UInt64(value.count))
        bytes += value
    }

    private mutating func tag(_ field: Int, _ type: WireType) { varint(UInt64(field) << 3 | type.rawValue) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

extension FixedWidthInteger {
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
