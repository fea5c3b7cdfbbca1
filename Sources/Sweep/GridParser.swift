import Catalogue
import Yams

/// Reads the cell-making parts of a sweep file.
struct GridParser {
    let reader: SweepYAML
    let methods: [MethodDescription]
    let datasets: [DatasetDescription]

    static let reserved = ["method", "dataset", "seed"]

    // MARK: Parts

    func fixed(_ node: Node) throws(SweepFileError) -> [String: Located<Setting>] {
        var result: [String: Located<Setting>] = [:]
        for (key, value) in try reader.pairs(node, "fixed") {
            let setting = try reader.setting(value, "'\(key.value)' in fixed")
            try check(key, [setting])
            result[key.value] = Located(value: setting.value, line: key.line)
        }
        return result
    }

    func matrix(_ node: Node) throws(SweepFileError) -> [GridAxis] {
        var axes: [GridAxis] = []
        for (key, value) in try reader.pairs(node, "matrix") {
            axes.append(try axis(key, reader.settings(value, "'\(key.value)' in matrix")))
        }
        return axes
    }

    /// An axis of one name with checked, distinct values.
    func axis(_ key: Located<String>, _ values: [Located<Setting>]) throws(SweepFileError) -> GridAxis {
        try check(key, values)
        var seen: Set<Setting> = []
        for value in values where !seen.insert(value.value).inserted {
            throw reader.error(value.line, "'\(key.value)' has the value \(value.value) twice")
        }
        return GridAxis(names: [key.value], rows: values.map { [$0.value] }, line: key.line)
    }

    func zip(_ node: Node) throws(SweepFileError) -> [GridAxis] {
        var groups: [GridAxis] = []
        for item in try reader.list(node, "zip") {
            var group = GridAxis(names: [], rows: [], line: reader.line(item), isZip: true)
            for (key, value) in try reader.pairs(item, "an entry of zip") {
                let values = try reader.settings(value, "'\(key.value)' in zip")
                try check(key, values)
                if group.names.isEmpty {
                    group.rows = values.map { [$0.value] }
                } else {
                    guard values.count == group.rows.count else {
                        throw reader.error(
                            key.line, "'\(key.value)' has \(values.count) values but '\(group.names[0])', which it is paired with, has \(group.rows.count)")
                    }
                    for index in values.indices { group.rows[index].append(values[index].value) }
                }
                group.names.append(key.value)
            }
            guard !group.names.isEmpty else { throw reader.error(group.line, "an entry of zip is empty") }
            groups.append(group)
        }
        return groups
    }

    func exclude(_ node: Node) throws(SweepFileError) -> [Condition] {
        var result: [Condition] = []
        for item in try reader.list(node, "exclude") {
            let condition = try condition(item, "an entry of exclude")
            guard !condition.values.isEmpty else { throw reader.error(condition.line, "an empty entry would exclude every job; remove it") }
            result.append(condition)
        }
        return result
    }

    func include(_ node: Node) throws(SweepFileError) -> [Inclusion] {
        var result: [Inclusion] = []
        for (entry, item) in try reader.list(node, "include").enumerated() {
            var cells: [Settings] = [[:]]
            let values = try condition(item, "an entry of include").values
            try bound(values.map(\.any.count), reader.line(item), "include")
            for (key, any) in values {
                cells = cells.flatMap { cell in any.map { cell.merging([key: $0]) { $1 } } }
            }
            guard cells != [[:]] else { throw reader.error(reader.line(item), "an entry of include is empty") }
            result += cells.map { Inclusion(values: $0, line: reader.line(item), entry: entry) }
        }
        return result
    }

    func conditional(_ node: Node) throws(SweepFileError) -> [ConditionalSettings] {
        var result: [ConditionalSettings] = []
        for item in try reader.list(node, "set") {
            let parts = try reader.pairs(item, "an entry of set", known: ["when", "to"])
            guard let to = parts["to"] else { throw reader.error(reader.line(item), "an entry of set lacks 'to: {option: value}'") }
            var values: [(key: String, value: Setting)] = []
            for (key, value) in try reader.pairs(to.value, "'to'") {
                guard !Self.reserved.contains(key.value) else {
                    throw reader.error(key.line, "set cannot change '\(key.value)'; use matrix, include or exclude")
                }
                let setting = try reader.setting(value, "'\(key.value)' in 'to'")
                try check(key, [setting])
                values.append((key.value, setting.value))
            }
            let when = try parts["when"].map { part throws(SweepFileError) in try condition(part.value, "'when'") } ?? Condition()
            result.append(ConditionalSettings(when: Condition(values: when.values, line: reader.line(item)), to: values))
        }
        return result
    }

    func ablate(_ node: Node) throws(SweepFileError) -> [Ablation] {
        var result: [Ablation] = []
        for item in try reader.list(node, "ablate") {
            let parts = try reader.pairs(item, "an entry of ablate", known: ["when", "vary", "cross"])
            guard let vary = parts["vary"] else {
                throw reader.error(reader.line(item), "an entry of ablate lacks 'vary: {option: [values]}'")
            }
            var axes: [(key: String, values: [Setting])] = []
            for (key, value) in try reader.pairs(vary.value, "'vary'") {
                guard !Self.reserved.contains(key.value) else {
                    throw reader.error(key.line, "ablate cannot vary '\(key.value)'; put it into matrix")
                }
                let values = try reader.settings(value, "'\(key.value)' in 'vary'")
                try check(key, values)
                axes.append((key.value, values.map(\.value)))
            }
            var isCrossed = false
            if let cross = parts["cross"] {
                guard let value = try reader.setting(cross.value, "'cross'").value.booleanValue else {
                    throw reader.error(cross.line, "'cross' must be true or false")
                }
                isCrossed = value
            }
            try bound(isCrossed ? axes.map(\.values.count) : [axes.reduce(0) { $0 + $1.values.count }], reader.line(item), "ablate")
            let when = try parts["when"].map { part throws(SweepFileError) in try condition(part.value, "'when'") } ?? Condition()
            result.append(Ablation(
                when: Condition(values: when.values, line: reader.line(item)), vary: axes, isCrossed: isCrossed))
        }
        return result
    }

    /// Refuses an entry that would be multiplied out to more cells than can be made at once.
    private func bound(_ counts: [Int], _ line: Int?, _ what: String) throws(SweepFileError) {
        var product = 1
        for count in counts {
            let (next, overflow) = product.multipliedReportingOverflow(by: count)
            guard !overflow, next <= SweepFile.entryLimit else {
                throw reader.error(line, "an entry of \(what) makes more than \(SweepFile.entryLimit) cells; put its values into matrix")
            }
            product = next
        }
    }

    private func condition(_ node: Node, _ what: String) throws(SweepFileError) -> Condition {
        var result = Condition(line: reader.line(node))
        for (key, value) in try reader.pairs(node, what) {
            let values = try reader.settings(value, "'\(key.value)' in \(what)")
            try check(key, values)
            result.values.append((key.value, values.map(\.value)))
        }
        return result
    }

    // MARK: Names and values

    /// Requires `key` to be a known axis and the values to be ones that it takes.
    func check(_ key: Located<String>, _ values: [Located<Setting>]) throws(SweepFileError) {
        switch key.value {
        case "method":
            for value in values { try checkName(value, "method", among: methods.map(\.name)) }
        case "dataset":
            for value in values { try checkName(value, "data set", among: datasets.map(\.name)) }
        case "seed":
            func isSeed(_ value: Setting) -> Bool { value.integerValue.map { $0 >= 0 } ?? false }
            for value in values where !isSeed(value.value) {
                throw reader.error(value.line, "a seed is a whole number from 0, not \(value.value)\(quotesHint(value, isSeed))")
            }
        default:
            let options = methods.compactMap { $0.option(key.value) }
            guard !options.isEmpty else {
                var names = Self.reserved
                for method in methods { names += method.options.map(\.name) }
                throw reader.error(key.line, "unknown option '\(key.value)'\(nearestNameHint(for: key.value, among: names))")
            }
            func isTaken(_ value: Setting) -> Bool { options.contains { $0.accepts(value) } }
            for value in values where !isTaken(value.value) {
                throw reader.error(value.line, "'\(key.value)' takes \(options[0].expectation), not \(value.value)\(quotesHint(value, isTaken))")
            }
        }
    }

    /// What to say where quotes, or the lack of them, are all that is wrong with a value.
    private func quotesHint(_ value: Located<Setting>, _ isTaken: (Setting) -> Bool) -> String {
        guard let written = value.written else { return "" }
        if value.isQuoted, let plain = try? SweepValues(reader, value.line).plain(written), isTaken(plain) {
            return ", which its quotes make a text; write \(written) without them"
        }
        return !value.isQuoted && isTaken(.text(written)) ? ", which is a number without quotes; write \"\(written)\"" : ""
    }

    private func checkName(
        _ value: Located<Setting>, _ kind: String, among names: [String]
    ) throws(SweepFileError) {
        guard case .text(let name) = value.value, names.contains(name) else {
            if let written = value.written, names.contains(written) {
                throw reader.error(value.line, "without quotes \(written) is a number and no \(kind); write \"\(written)\"")
            }
            let mend = kind == "data set" ? "; one of your own is known once a folder that holds it is named with --data" : ""
            throw reader.error(
                value.line, "unknown \(kind) '\(value.value)'\(nearestNameHint(for: "\(value.value)", among: names))\(mend)")
        }
    }
}
