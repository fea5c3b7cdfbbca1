import Foundation

/// The one way bodies are written and read: camel-case keys, sorted, no white space.
public enum WireCoding {
    /// The JSON of `value`.
    public static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// The value that `data` holds.
    /// - Throws: `DecodingError`.
    public static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from data: Data) throws -> Value {
        try JSONDecoder().decode(type, from: data)
    }
}
