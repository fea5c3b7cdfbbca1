import Catalogue
import Foundation
import Sweep

/// What `medsweep methods` prints.
enum MethodsText {
    static func list(_ methods: [MethodDescription]) -> String {
        let rows = [["name", "title", "family", "model", "scorer", "weights", "memory", "summary"]]
            + methods.map { method in
                [
                    method.name, method.title, method.family.rawValue, method.model.name, method.scorer.name, weights(method).first ?? "-",
                    ByteSize.text(JobResources.usual(of: usual(method)).memory), method.summary,
                ]
            }
        return TextColumns.lines(rows, right: [6]).joined(separator: "\n")
    }

    static func explanation(_ method: MethodDescription) -> String {
        var lines = ["\(method.title) (\(method.name)), \(method.family.rawValue)", method.summary, ""]
        lines += method.equation.split(separator: "\n").map { "  \($0)" } + [""]
        let shared = sharing(method)
        let training = usual(method).training == nil ? "; nothing is trained"
            : shared.count > 1 ? "; trained once with: \(shared.joined(separator: ", "))" : ""
        lines.append("model: \(method.model.name), scorer: \(method.scorer.name)\(training)")
        for name in weights(method) { lines.append("pretrained weights: \(name)") }
        lines.append(demand(method))
        lines.append("source: \(method.source)")
        for (part, options) in [("model", method.model.options), ("scorer", method.scorer.options)] where !options.isEmpty {
            let rows = options.map { option in
                ["  \(option.name)", option.defaultValue.description, option.unit ?? "", option.expectation, option.summary]
            }
            lines += ["", "options of the \(part)"] + TextColumns.lines([["  name", "default", "unit", "takes", "meaning"]] + rows)
        }
        let special = specialDefaults(method)
        if !special.isEmpty {
            lines += ["", "defaults on some data sets"]
            lines += TextColumns.lines(special.map { name, settings in
                ["  \(name)", settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")]
            })
        }
        return lines.joined(separator: "\n")
    }

    /// The data set that costs are told for: the study's first.
    private static let reference = Catalogue.datasets[0]

    /// A job at the defaults on the reference.
    private static func usual(_ method: MethodDescription) -> JobDescription {
        JobDescription(
            method: method.name, configuration: method.resolve([:], for: reference), dataset: reference.name, fingerprint: "any", seed: 0)
    }

    private static func cost(_ method: MethodDescription) -> JobCost {
        reference.study.flatMap { JobCost(usual(method), counts: $0) } ?? JobCost()
    }

    /// `a job at the defaults takes 1 thread and 320 MiB of memory (620 MiB of a GPU's), and on RSNA 1.2e+15 multiply-accumulates, …`
    private static func demand(_ method: MethodDescription) -> String {
        let (asked, cost) = (JobResources.usual(of: usual(method)), cost(method))
        let threads = asked.threads == 1 ? "1 thread" : "\(asked.threads) threads"
        return "a job at the defaults takes \(threads) and \(ByteSize.text(asked.memory)) of memory (\(ByteSize.text(asked.gpuMemory)) of a GPU's), "
            + "and on \(reference.title) \(String(format: "%.1e", cost.multiplyAccumulates)) multiply-accumulates, \(Terminal.duration(Machine.t4.seconds(cost))) on an \(Machine.t4.name)"
    }

    /// The methods whose jobs share a training with this one's where their data, seeds and options of the model are equal.
    private static func sharing(_ method: MethodDescription) -> [String] {
        Catalogue.methods.filter { $0.model.name == method.model.name }.map(\.name)
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
        let model: String
        let scorer: String
        /// The methods that share its training, itself among them; empty: nothing is trained.
        let trainedWith: [String]
        let weights: [String]
        let demand: DemandEntry
        let options: [OptionEntry]
        let datasetDefaults: [String: Settings]

        init(_ method: MethodDescription) {
            name = method.name
            title = method.title
            family = method.family.rawValue
            summary = method.summary
            equation = method.equation
            source = method.source
            model = method.model.name
            scorer = method.scorer.name
            trainedWith = MethodsText.usual(method).training == nil ? [] : MethodsText.sharing(method)
            weights = MethodsText.weights(method)
            demand = DemandEntry(JobResources.usual(of: MethodsText.usual(method)), MethodsText.cost(method))
            options = method.model.options.map { OptionEntry($0, of: "model") } + method.scorer.options.map { OptionEntry($0, of: "scorer") }
            datasetDefaults = Dictionary(uniqueKeysWithValues: MethodsText.specialDefaults(method).map { ($0.name, $0.settings) })
        }
    }

    /// What a job at the defaults takes.
    private struct DemandEntry: Encodable {
        let threads: Int
        /// Bytes.
        let memory: Int64
        let gpuMemory: Int64
        /// The data set that the following is for.
        let dataset: String
        let trainingImages: Double
        let multiplyAccumulates: Double
        /// On an NVIDIA T4.
        let hours: Double

        init(_ resources: JobResources, _ cost: JobCost) {
            (threads, memory, gpuMemory) = (resources.threads, resources.memory, resources.gpuMemory)
            dataset = MethodsText.reference.name
            (trainingImages, multiplyAccumulates) = (cost.trainingImages, cost.multiplyAccumulates)
            hours = Machine.t4.seconds(cost) / 3600
        }
    }

    private struct OptionEntry: Encodable {
        let name: String
        /// `model` or `scorer`.
        let part: String
        let `default`: Setting
        let unit: String?
        let takes: String
        let minimum: Double?
        let maximum: Double?
        let choices: [String]?
        let summary: String

        init(_ option: OptionDescription, of part: String) {
            name = option.name
            self.part = part
            unit = option.unit
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
