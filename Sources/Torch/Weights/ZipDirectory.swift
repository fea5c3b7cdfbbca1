/// The table of contents of a zip archive whose entries are stored as they are, which is how PyTorch writes them. Every
/// entry is known to lie in the file, apart from all others.
struct ZipDirectory {
    struct Entry {
        let name: String
        /// Where its bytes begin.
        let offset: Int
        let count: Int
    }

    let entries: [String: Entry]

    /// The largest table that is read: some 200,000 entries.
    private static let sizeLimit = 16 << 20

    /// - Throws: ``TorchError`` that names the file and what is wrong with it.
    init(_ source: ByteSource) throws(TorchError) {
        let end = try ZipDirectory.end(source)
        guard end.size <= ZipDirectory.sizeLimit, end.offset >= 0, end.size >= 0, end.offset <= source.count - end.size else {
            throw source.broken("its table of contents is not in it")
        }
        let table = try source.bytes(at: end.offset, count: end.size)[...]
        var entries: [String: Entry] = [:]
        var spans: [(start: Int, end: Int, name: String)] = []
        var position = 0
        for _ in 0..<min(end.entries, end.size / 46) {
            let (entry, start) = try ZipDirectory.entry(table, at: &position, source: source)
            guard entries.updateValue(entry, forKey: entry.name) == nil else { throw source.broken("the entry '\(entry.name)' is in it twice") }
            spans.append((start, entry.offset + entry.count, entry.name))
        }
        guard entries.count == end.entries else { throw source.broken("its table of contents breaks off") }
        spans.sort { ($0.start, $0.end) < ($1.start, $1.end) }
        for (span, next) in zip(spans, spans.dropFirst()) where next.start < span.end {
            throw source.broken("its entries '\(span.name)' and '\(next.name)' overlap")
        }
        if let last = spans.last, last.end > end.offset { throw source.broken("its entry '\(last.name)' overlaps the table of contents") }
        self.entries = entries
    }

    /// An entry of the table, and where its own header begins.
    private static func entry(
        _ table: ArraySlice<UInt8>, at position: inout Int, source: ByteSource
    ) throws(TorchError) -> (Entry, start: Int) {
        guard table.count - position >= 46, table.number(at: position, width: 4) == 0x0201_4B50 else {
            throw source.broken("its table of contents breaks off")
        }
        let head = table.dropFirst(position)
        let (flags, method) = (head.number(at: 8, width: 2), head.number(at: 10, width: 2))
        let lengths = [28, 30, 32].map { Int(head.number(at: $0, width: 2)) }
        guard head.count >= 46 + lengths.reduce(0, +) else { throw source.broken("its table of contents breaks off") }
        guard let name = String(validating: head.dropFirst(46).prefix(lengths[0]), as: UTF8.self) else {
            throw source.broken("the name of an entry is not UTF-8")
        }
        // Sizes and offset, which go into the first extra field where 32 bits are too few.
        var numbers = [24, 20, 42].map { head.number(at: $0, width: 4) }
        if numbers.contains(0xFFFF_FFFF) {
            try widen(&numbers, from: head.dropFirst(46 + lengths[0]).prefix(lengths[1]), name: name, source: source)
        }
        position += 46 + lengths.reduce(0, +)
        guard flags & 1 == 0 else { throw source.broken("its entry '\(name)' is encrypted") }
        guard method == 0, numbers[0] == numbers[1] else {
            throw source.broken("its entry '\(name)' is compressed, which torch.save never does")
        }
        guard numbers.allSatisfy({ $0 <= UInt64(source.count) }) else { throw source.broken("its entry '\(name)' is not in it") }
        let (count, start) = (Int(numbers[0]), Int(numbers[2]))
        let local = try source.bytes(at: start, count: 30)[...]
        guard local.number(at: 0, width: 4) == 0x0403_4B50 else { throw source.broken("its entry '\(name)' does not begin where it should") }
        let offset = start + 30 + Int(local.number(at: 26, width: 2)) + Int(local.number(at: 28, width: 2))
        guard offset <= source.count, count <= source.count - offset else { throw source.broken("its entry '\(name)' is not in it") }
        return (Entry(name: name, offset: offset, count: count), start)
    }

    private static func widen(
        _ numbers: inout [UInt64], from extra: ArraySlice<UInt8>, name: String, source: ByteSource
    ) throws(TorchError) {
        var rest = extra
        while rest.count >= 4 {
            let (kind, length) = (rest.number(at: 0, width: 2), Int(rest.number(at: 2, width: 2)))
            var field = rest.dropFirst(4).prefix(length)
            rest = rest.dropFirst(4 + length)
            guard kind == 1 else { continue }
            for index in numbers.indices where numbers[index] == 0xFFFF_FFFF {
                guard field.count >= 8 else { break }
                numbers[index] = field.number(at: 0, width: 8)
                field = field.dropFirst(8)
            }
            return
        }
        throw source.broken("the size of its entry '\(name)' is missing")
    }

    /// What stands at the end of the archive: where the table is.
    private static func end(_ source: ByteSource) throws(TorchError) -> (entries: Int, size: Int, offset: Int) {
        let tailSize = min(source.count, 22 + 0xFFFF)
        let tail = try source.bytes(at: source.count - tailSize, count: tailSize)[...]
        guard tailSize >= 22,
            let place = (0...(tailSize - 22)).last(where: { tail.number(at: $0, width: 4) == 0x0605_4B50 })
        else { throw source.broken("it is a zip archive without an end; it may have been cut off: fetch it again") }
        let record = tail.dropFirst(place)
        var numbers = [record.number(at: 10, width: 2), record.number(at: 12, width: 4), record.number(at: 16, width: 4)]
        // Of large archives, and of all that newer versions of PyTorch write, the 64-bit record counts.
        if place >= 20, tail.number(at: place - 20, width: 4) == 0x0706_4B50 {
            let at = tail.number(at: place - 12, width: 8)
            guard at <= UInt64(source.count) else { throw source.broken("its table of contents is not in it") }
            let wide = try source.bytes(at: Int(at), count: 56)[...]
            guard wide.number(at: 0, width: 4) == 0x0606_4B50 else { throw source.broken("its table of contents is not in it") }
            numbers = [32, 40, 48].map { wide.number(at: $0, width: 8) }
        }
        guard numbers.allSatisfy({ $0 <= UInt64(source.count) }) else { throw source.broken("its table of contents is not in it") }
        return (Int(numbers[0]), Int(numbers[1]), Int(numbers[2]))
    }
}
