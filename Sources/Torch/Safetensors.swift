import Foundation

/// A file of named tensors and texts in the safetensors format: an 8-byte length, a JSON header, raw bytes.
public struct Safetensors {
    /// In the order they are written.
    public var tensors: [(name: String, tensor: Tensor)]
    public var metadata: [String: String]

    public init(_ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }

    /// The tensors by name.
    public var byName: [String: Tensor] {
        Dictionary(tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    }

    /// The largest header that is read: 64 MiB is a million tensors.
    private static let headerLimit = 64 << 20

    // MARK: Writing

    /// The file's bytes.
    public func encoded() throws -> Data {
        var entries: [String: Entry] = [:]
        var body = Data()
        for (name, tensor) in tensors {
            let source = try tensor.detached().to(.cpu).contiguous()
            guard let type = source.dataType else { throw TorchError("'\(name)' has a type that cannot be saved") }
            let start = body.count
            try source.withUnsafeBytes { body.append(contentsOf: $0) }
            entries[name] = Entry(dtype: type.safetensorsName, shape: source.shape, data_offsets: [start, body.count])
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header = try encoder.encode(Header(entries: entries, metadata: metadata))
        // Data that begins at a multiple of eight can be used in place.
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        var file = Data()
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { file.append(contentsOf: $0) }
        file.append(header)
        file.append(body)
        return file
    }

    // MARK: Reading

    /// Reads a file's bytes. Every length and offset is checked before it is used.
    /// - Parameter name: what to call the file in messages.
    /// - Throws: ``TorchError`` that names the file and what is wrong with it.
    public init(_ data: Data, name: String) throws(TorchError) {
        let data = data.startIndex == 0 ? data : Data(data)
        let start = try Safetensors.headerEnd(data.prefix(8), fileSize: data.count, name: name)
        let layout = try Safetensors.layout(data[8..<start], bodySize: data.count - start, name: name)
        metadata = layout.metadata
        tensors = []
        for entry in layout.entries {
            let bytes = data[(start + entry.offset)..<(start + entry.offset + entry.size)]
            tensors.append((entry.name, try Safetensors.tensor(bytes, shape: entry.shape, type: entry.type)))
        }
    }

    /// Where the bytes of a tensor are, counted from the header's end. They are known to be in the file.
    struct Place {
        let name: String
        let type: DataType
        let shape: [Int]
        let offset: Int
        let size: Int
    }

    private static func broken(_ name: String, _ reason: String) -> TorchError {
        TorchError("'\(name)' is not a whole safetensors file: \(reason)")
    }

    /// Where the header ends.
    /// - Parameter head: the file's first eight bytes, or all if it has fewer.
    static func headerEnd(_ head: Data, fileSize: Int, name: String) throws(TorchError) -> Int {
        guard head.count >= 8 else { throw broken(name, "it has only \(fileSize) bytes") }
        let length = head.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
        guard length <= UInt64(headerLimit), 8 + Int(length) <= fileSize else {
            throw broken(name, "its header of \(length) bytes is not in it")
        }
        return 8 + Int(length)
    }

    /// Reads a header.
    /// - Parameter bodySize: number of bytes behind it.
    static func layout(
        _ header: Data, bodySize: Int, name: String
    ) throws(TorchError) -> (entries: [Place], metadata: [String: String]) {
        let decoded: Header
        do {
            decoded = try JSONDecoder().decode(Header.self, from: header)
        } catch {
            throw broken(name, "its header is not the JSON it should be")
        }
        var places: [Place] = []
        var end = 0
        // Empty tensors go before the one that begins where they do.
        let inOrder = decoded.entries.sorted { ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key) }
        for (key, entry) in inOrder {
            guard let type = DataType.allCases.first(where: { $0.safetensorsName == entry.dtype }) else {
                throw broken(name, "'\(key)' has the type \(entry.dtype), which is not read")
            }
            var size = type.size
            for extent in entry.shape {
                let (product, overflow) = size.multipliedReportingOverflow(by: extent)
                guard extent >= 0, !overflow else { throw broken(name, "'\(key)' has the impossible shape \(entry.shape)") }
                size = product
            }
            guard entry.data_offsets.count == 2, entry.begin >= 0, entry.end <= bodySize, entry.end >= entry.begin,
                entry.end - entry.begin == size
            else { throw broken(name, "the bytes of '\(key)' are not in it") }
            guard entry.begin >= end else { throw broken(name, "the bytes of '\(key)' are another tensor's too") }
            end = entry.end
            places.append(Place(name: key, type: type, shape: entry.shape, offset: entry.begin, size: size))
        }
        return (places, decoded.metadata)
    }

    private static func tensor(_ bytes: Data, shape: [Int], type: DataType) throws(TorchError) -> Tensor {
        let result = try Tensor.zeros(shape, type: type)
        if bytes.isEmpty { return result }
        do {
            try result.withUnsafeBytes { target in _ = bytes.copyBytes(to: target) }
        } catch {
            throw error as? TorchError ?? TorchError("\(error)")
        }
        return result
    }

    private struct Entry: Codable {
        var dtype: String
        var shape: [Int]
        var data_offsets: [Int]
        var begin: Int { data_offsets.first ?? -1 }
        var end: Int { data_offsets.last ?? -1 }
    }

    /// The header: one JSON object in which `__metadata__` stands among the tensors.
    private struct Header: Codable {
        var entries: [String: Entry]
        var metadata: [String: String]

        struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        static let metadataKey = Key(stringValue: "__metadata__")

        init(entries: [String: Entry], metadata: [String: String]) {
            self.entries = entries
            self.metadata = metadata
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            metadata = try container.decodeIfPresent([String: String].self, forKey: Header.metadataKey) ?? [:]
            entries = [:]
            for key in container.allKeys where key.stringValue != "__metadata__" {
                entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            if !metadata.isEmpty { try container.encode(metadata, forKey: Header.metadataKey) }
            for (name, entry) in entries { try container.encode(entry, forKey: Key(stringValue: name)) }
        }
    }
}
