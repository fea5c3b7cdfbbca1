import Catalogue
import Foundation

/// What `medsweep methods` prints.
enum MethodsText {
    static func list(_ methods: [MethodDescription]) -> String {
        let rows = [["name", "title", "family", "weights", "summary"]]
            + methods.map { [$0.name, $0.title, $0.family.rawValue, weights($0).first ?? "-", $0.summary] }
        return TextColumns.lines(rows).joined(separator: "\n")
    }

    static func explanation(_ method: MethodDescription) -> String {
        var lines = ["\(method.title) (\(method.name)), \(method.family.rawValue)", method.summary, ""]
        lines += method.equation.split(separator: "\n").map { "  \($0)" } + [""]
        if let base = method.trainedAs { lines.append("trained as: \(base)") }
        for name in weights(method) { lines.append("pretrained weights: \(name)") }
        lines += ["source: \(method.source)", "", "options"]
        let rows = method.options.map { option in
            ["  \(option.name)", option.defaultValue.description, option.expectation, option.summary]
        }
        lines += TextColumns.lines([["  name", "default", "takes", "meaning"]] + rows)
        let special = specialDefaults(method)
        if !special.isEmpty {
            lines += ["", "defaults on some data sets"]
            lines += TextColumns.lines(special.map { name, settings in
                ["  \(name)", settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")]
            })
        }
        return lines.joined(separator: "\n")
    }

    /// The pretrained weights that a job at the defaults needs.
    private static func weights(_ method: MethodDescription) -> [String] {
        MethodDescription.weights(for: method.resolve([:], for: .custom("any")))
    }

    /// The data sets on which a job at the defaults has other values than the method's own.
    private static func specialDefaults(_ method: MethodDescription) -> [(name: String, settings: Settings)] {
        Catalogue.datasets.compactMap { dataset in
            let changed = method.resolve([:], for: dataset).filter { method.option($0.key)?.defaultValue != $0.value }
            return changed.isEmpty ? nil : (dataset.name, changed)
        }
    }

    // MARK: JSON

    private struct Entry: Encodable {
        let name: String
        let title: String
        let family: String
        let summary: String
        let equation: String
        let source: String
        let trainedAs: String?
        let weights: [String]
        let options: [OptionEntry]
        let datasetDefaults: [String: Settings]

        init(_ method: MethodDescription) {
            name = method.name
            title = method.title
            family = method.family.rawValue
            summary = method.summary
            equation = method.equation
            source = method.source
            trainedAs = method.trainedAs
            weights = MethodsText.weights(method)
            options = method.options.map(OptionEntry.init)
            datasetDefaults = Dictionary(uniqueKeysWithValues: MethodsText.specialDefaults(method).map { ($0.name, $0.settings) })
        }
    }

    private struct OptionEntry: Encodable {
        let name: String
        let `default`: Setting
        let takes: String
        let minimum: Double?
        let maximum: Double?
        let choices: [String]?
        let summary: String

        init(_ option: OptionDescription) {
            name = option.name
            self.default = option.defaultValue
            takes = option.expectation
            summary = option.summary
            switch option.kind {
            case .integer(let range), .multiple(_, let range):
                (minimum, maximum, choices) = (Double(range.lowerBound), Double(range.upperBound), nil)
            case .number(let range): (minimum, maximum, choices) = (range.lowerBound, range.upperBound, nil)
            case .choice(let names): (minimum, maximum, choices) = (nil, nil, names)
            case .boolean: (minimum, maximum, choices) = (nil, nil, nil)
            }
        }
    }

    static func json(_ methods: [MethodDescription]) throws -> String { try encoded(methods.map(Entry.init)) }
    static func json(_ method: MethodDescription) throws -> String { try encoded(Entry(method)) }

    private static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
