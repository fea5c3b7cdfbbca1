import Foundation

/// The value of one setting of a job: what a sweep file may give an option.
///
/// Numbers have one form only, so that equal settings are equal values and give equal job identities:
/// a whole number is `.integer` however it was written (`64`, `64.0`, `6.4e1`), everything else is `.number`.
public enum Setting: Sendable, Hashable {
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)

    /// The canonical form of a finite number: `.integer` where it is whole and exactly representable.
    public init(_ value: Double) {
        if value == value.rounded(), abs(value) <= 9_007_199_254_740_992 {
            self = .integer(Int(value))
        } else {
            self = .number(value)
        }
    }

    /// The numeric value, or `nil` for texts and booleans.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .boolean, .text: nil
        }
    }

    /// The whole-number value, or `nil`.
    public var integerValue: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The text value, or `nil`.
    public var textValue: String? {
        if case .text(let value) = self { value } else { nil }
    }

    /// The truth value, or `nil`.
    public var booleanValue: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// Canonical JSON of the value: the shortest decimal that reads back as the same number, and
    /// strings with only the escapes that JSON demands.
    public var canonicalJSON: String {
        switch self {
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): "\(value)"
        case .text(let value): Setting.quoted(value)
        }
    }

    /// `text` as a JSON string literal.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension Setting: CustomStringConvertible {
    /// The value as a person writes it in a sweep file.
    public var description: String {
        if case .text(let value) = self { value } else { canonicalJSON }
    }
}

extension Setting: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral
{
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self.init(value) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension Setting: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // What is most common comes first: a type that does not fit costs an error.
        if let value = try? container.decode(Double.self) {
            // Beyond this a whole number is not exact as a double.
            if abs(value) >= 9_007_199_254_740_992, let exact = try? container.decode(Int.self) {
                self = .integer(exact)
            } else {
                self.init(value)
            }
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else {
            self = .boolean(try container.decode(Bool.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        }
    }
}

/// The settings of a job by option name.
public typealias Settings = [String: Setting]

extension [String: Setting] {
    /// The settings as a canonical JSON object: keys in Unicode scalar order, no white space.
    public var canonicalJSON: String {
        let members = keys.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
            .map { "\(Setting.quoted($0)):\(self[$0]!.canonicalJSON)" }
        return "{\(members.joined(separator: ","))}"
    }
}
