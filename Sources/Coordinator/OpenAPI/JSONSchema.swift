/// A JSON Schema (draft 2020-12, which OpenAPI 3.1 takes over), made by what it describes.
struct JSONSchema: Encodable, Sendable, Hashable {
    private(set) var keywords: [String: JSONValue]
    /// Whether a member with this schema may be left out of its object. No keyword of its own: it goes into the object's
    /// `required`.
    private(set) var isOptional = false

    private init(_ keywords: [String: JSONValue]) { self.keywords = keywords }

    private init(_ type: String, _ description: String, _ keywords: [String: JSONValue?] = [:]) {
        self.init(keywords.compactMapValues { $0 }.merging(["type": .text(type), "description": .text(description)]) { $1 })
    }

    func encode(to encoder: any Encoder) throws { try JSONValue.object(keywords).encode(to: encoder) }

    // MARK: Plain values

    static func text(
        _ description: String, pattern: String? = nil, length: ClosedRange<Int>? = nil, example: String? = nil
    ) -> JSONSchema {
        JSONSchema(
            "string", description,
            [
                "pattern": pattern.map { .text($0) }, "minLength": length.map { .integer(Int64($0.lowerBound)) },
                "maxLength": length.map { .integer(Int64($0.upperBound)) }, "examples": example.map { [.text($0)] },
            ])
    }

    /// A text that is one of few.
    static func choice(_ description: String, _ values: some Sequence<String>) -> JSONSchema {
        JSONSchema("string", description, ["enum": .list(values.map { .text($0) })])
    }

    static func boolean(_ description: String) -> JSONSchema { JSONSchema("boolean", description) }

    /// A whole number; without a range it is whatever 64 bits hold.
    static func integer(_ description: String, _ range: ClosedRange<Int64> = Int64.min...Int64.max) -> JSONSchema {
        JSONSchema(
            "integer", description,
            ["format": "int64", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)])
    }

    static func integer(_ description: String, _ range: ClosedRange<Int>) -> JSONSchema {
        integer(description, Int64(range.lowerBound)...Int64(range.upperBound))
    }

    /// A finite number; without a range it is whatever a double holds.
    static func number(_ description: String, _ range: ClosedRange<Double>? = nil) -> JSONSchema {
        JSONSchema(
            "number", description,
            ["format": "double", "minimum": range.map { .number($0.lowerBound) }, "maximum": range.map { .number($0.upperBound) }])
    }

    /// Whatever JSON holds.
    static let anything = JSONSchema([:])
    /// Raw bytes. OpenAPI 3.1 would have nothing said of them, but tools know them by this format of 3.0.
    static let bytes = JSONSchema("string", "Raw bytes.", ["format": "binary"])

    // MARK: Values of values

    static func list(_ description: String, of element: JSONSchema) -> JSONSchema {
        JSONSchema("array", description, ["items": .object(element.keywords)])
    }

    /// An object whose names are data.
    static func map(_ description: String, of value: JSONSchema) -> JSONSchema {
        JSONSchema("object", description, ["additionalProperties": .object(value.keywords)])
    }

    /// An object with known members. Others are passed over by whoever reads it, as the decoders on both ends do: versions
    /// differ in what they know.
    static func object(_ description: String, _ members: KeyValuePairs<String, JSONSchema>) -> JSONSchema {
        let required = members.filter { !$0.value.isOptional }.map { JSONValue.text($0.key) }
        return JSONSchema(
            "object", description,
            [
                "properties": .object(Dictionary(uniqueKeysWithValues: members.map { ($0.key, .object($0.value.keywords)) })),
                "required": required.isEmpty ? nil : .list(required), "additionalProperties": true,
            ])
    }

    /// Exactly one of these.
    static func one(_ description: String, of schemas: [JSONSchema]) -> JSONSchema {
        JSONSchema(["oneOf": .list(schemas.map { .object($0.keywords) }), "description": .text(description)])
    }

    /// The component of that name.
    static func reference(_ name: String, _ description: String? = nil) -> JSONSchema {
        var schema = JSONSchema(["$ref": .text("#/components/schemas/\(name)")])
        if let description { schema.keywords["description"] = .text(description) }
        return schema
    }

    // MARK: Changes

    /// The same with other types beside its own, e.g. a setting that may be a text or a number.
    func or(_ types: String...) -> JSONSchema {
        var schema = self
        if case .text(let own) = keywords["type"] { schema.keywords["type"] = .list(([own] + types).map { .text($0) }) }
        return schema
    }

    /// A member that may be left out, or be null, which says the same.
    var optional: JSONSchema {
        var schema = orNull
        schema.isOptional = true
        return schema
    }

    /// The same, or null.
    var orNull: JSONSchema {
        if keywords["type"] != nil {
            var schema = or("null")
            if case .list(let values) = keywords["enum"] { schema.keywords["enum"] = .list(values + [.null]) }
            return schema
        }
        var keywords = keywords
        let description = keywords.removeValue(forKey: "description")
        var whole: [String: JSONValue] = ["anyOf": [.object(keywords), ["type": "null"]]]
        whole["description"] = description
        return JSONSchema(whole)
    }

    func with(_ keyword: String, _ value: JSONValue) -> JSONSchema {
        var schema = self
        schema.keywords[keyword] = value
        return schema
    }
}
