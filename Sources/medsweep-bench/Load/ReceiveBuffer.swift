import Glibc

/// The bytes of one answer as they arrive, in memory that is used again for the next.
struct ReceiveBuffer {
    /// Where the bytes lie. Freed by ``free()``.
    private(set) var bytes: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 1 << 16) {
        bytes = .allocate(byteCount: capacity, alignment: 16)
        self.capacity = capacity
    }

    func free() { bytes.deallocate() }

    mutating func removeAll() { count = 0 }

    /// Reads what there is; returns false when there is nothing now.
    /// - Throws: ``BenchError`` when the other end has closed the connection.
    mutating func receive(from descriptor: Int32) throws -> Bool {
        if count == capacity {
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity * 2, alignment: 16)
            larger.copyMemory(from: bytes, byteCount: count)
            bytes.deallocate()
            bytes = larger
            capacity *= 2
        }
        let read = recv(descriptor, bytes + count, capacity - count, 0)
        if read < 0, errno == EAGAIN || errno == EINTR { return false }
        guard read > 0 else { throw BenchError("the coordinator closed a connection of the load generator") }
        count += read
        return true
    }

    /// The place of `pattern`, which has at least four bytes, at or after `start` and before `end`. Its first four bytes are
    /// compared at once, as most places differ in them.
    func find(_ pattern: StaticString, from start: Int = 0, to end: Int? = nil) -> Int? {
        let length = pattern.utf8CodeUnitCount
        let last = (end ?? count) - length
        let head = UnsafeRawPointer(pattern.utf8Start).loadUnaligned(as: UInt32.self)
        var place = start
        while place <= last {
            if bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self) == head,
                memcmp(bytes + place, pattern.utf8Start, length) == 0
            {
                return place
            }
            place += 1
        }
        return nil
    }

    /// The decimal number at `start`.
    func number(at start: Int) -> Int {
        var value = 0
        var place = start
        while place < count {
            let digit = Int(bytes.load(fromByteOffset: place, as: UInt8.self)) - 48
            guard (0...9).contains(digit) else { break }
            value = value &* 10 &+ digit
            place += 1
        }
        return value
    }

    /// The text in quotes that begins at `start`, quotes included.
    func quoted(at start: Int) -> [UInt8] {
        var end = start + 1
        while end < count, bytes.load(fromByteOffset: end, as: UInt8.self) != UInt8(ascii: "\"") { end += 1 }
        return Array(UnsafeRawBufferPointer(start: bytes + start, count: min(end + 1, count) - start))
    }

    /// The bytes as text, for messages.
    var text: String {
        String(decoding: UnsafeRawBufferPointer(start: bytes, count: min(count, 400)), as: UTF8.self)
    }
}
