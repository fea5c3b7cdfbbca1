import Foundation
import Testing
import Wire

@testable import Coordinator

/// An OpenAPI document as whoever fetches it reads it.
struct Document {
    let json: [String: Any]

    init(_ document: OpenAPIDocument) throws { try self.init(JSONSerialization.jsonObject(with: WireCoding.encode(document))) }

    init(_ json: Any) throws { self.json = try #require(json as? [String: Any]) }

    /// Every `$ref` in it.
    var references: [String] { Self.references(in: json) }

    private static func references(in value: Any) -> [String] {
        if let members = value as? [String: Any] {
            return (members["$ref"] as? String).map { [$0] } ?? members.values.flatMap(references)
        }
        return (value as? [Any])?.flatMap(references) ?? []
    }

    /// What a reference leads to.
    func resolve(_ reference: String) -> [String: Any]? {
        reference.split(separator: "/").dropFirst().reduce(json as Any?) { ($0 as? [String: Any])?[String($1)] } as? [String: Any]
    }
}

/// Holds schemas against values of the types that they describe.
final class SchemaCheck {
    private let document: Document
    private var used: Set<String> = []

    init(_ document: Document) { self.document = document }

    /// Schemas that no value has met.
    var unused: [String] {
        let all = document.resolve("#/components/schemas")?.keys.map { $0 } ?? []
        return all.filter { !used.contains($0) }.sorted()
    }

    /// - Parameter value: one in which nothing is left out or empty, so that all of it is looked at.
    func compare(_ value: Any, with component: String) {
        compare(value, ["$ref": "#/components/schemas/\(component)"], component)
    }

    private func compare(_ value: Any, _ written: [String: Any], _ place: String) {
        guard let schema = resolved(written) else {
            Issue.record("\(place) has no schema")
            return
        }
        let mirror = Mirror(reflecting: value)
        let types = (schema["type"] as? [String]) ?? (schema["type"] as? String).map { [$0] } ?? []
        func expectType(_ type: String) { #expect(types.contains(type), "\(place) is \(type), the schema says \(types)") }
        switch value {
        // A token is one text on the wire.
        case is String, is LeaseToken: expectType("string")
        case is Bool: expectType("boolean")
        case is Int, is Int64: expectType("integer")
        case is Double: expectType("number")
        default:
            switch mirror.displayStyle {
            case .optional:
                guard let child = mirror.children.first else {
                    Issue.record("\(place) is left out of the sample")
                    return
                }
                compare(child.value, written, place)
            case .collection:
                expectType("array")
                each(mirror, schema["items"], place)
            case .dictionary:
                expectType("object")
                each(mirror, schema["additionalProperties"], place)
            case .struct: compareMembers(value, mirror, schema, place)
            case .enum: compareCase(value, schema, place)
            default: Issue.record("\(place) is of a kind that is not known here")
            }
        }
    }

    private func compareMembers(_ value: Any, _ mirror: Mirror, _ schema: [String: Any], _ place: String) {
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        let members = mirror.children.compactMap { child in child.label.map { ($0, child.value) } }
        #expect(Set(properties.keys) == Set(members.map(\.0)), "\(place)")
        let needed = members.filter { Mirror(reflecting: $0.1).displayStyle != .optional }.map(\.0)
        #expect(Set(schema["required"] as? [String] ?? []) == Set(needed), "\(place)")
        #expect((encoded(value) as? [String: Any]).map { Set($0.keys) } == Set(properties.keys), "\(place)")
        for (name, member) in members { compare(member, properties[name] ?? [:], "\(place).\(name)") }
    }

    /// A text that is one of few, a setting, or an object named as the case is.
    private func compareCase(_ value: Any, _ schema: [String: Any], _ place: String) {
        let json = encoded(value)
        if let text = json as? String, let choices = schema["enum"] as? [Any] {
            #expect(choices.contains { $0 as? String == text }, "\(place)")
            if let type = type(of: value) as? any CaseIterable.Type {
                #expect(choices.compactMap { $0 as? String }.count == type.caseCount, "\(place)")
            }
        } else if let members = json as? [String: Any] {
            let choices = schema["oneOf"] as? [[String: Any]] ?? []
            #expect(choices.contains { $0["required"] as? [String] == Array(members.keys) }, "\(place)")
        } else {
            #expect(Set(schema["type"] as? [String] ?? []) == ["boolean", "number", "string"], "\(place)")
        }
    }

    private func each(_ mirror: Mirror, _ schema: Any?, _ place: String) {
        #expect(!mirror.children.isEmpty, "\(place) is empty in the sample")
        for child in mirror.children {
            // A dictionary's children are pairs.
            let value = mirror.displayStyle == .dictionary ? Mirror(reflecting: child.value).children.map(\.value)[1] : child.value
            compare(value, schema as? [String: Any] ?? [:], place + "[]")
        }
    }

    /// The schema itself: references followed, and `null` beside it left out.
    private func resolved(_ schema: [String: Any]) -> [String: Any]? {
        if let choices = schema["anyOf"] as? [[String: Any]] {
            return choices.first { $0["type"] as? String != "null" }.flatMap(resolved)
        }
        guard let reference = schema["$ref"] as? String else { return schema.isEmpty ? nil : schema }
        used.insert(String(reference.split(separator: "/").last!))
        return document.resolve(reference)
    }

    private func encoded(_ value: Any) -> Any? {
        guard let value = value as? any Encodable, let data = try? WireCoding.encode(value) else { return nil }
        return try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
    }
}

extension CaseIterable {
    fileprivate static var caseCount: Int { allCases.count }
}
