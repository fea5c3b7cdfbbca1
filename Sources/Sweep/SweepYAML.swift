import Catalogue
import Yams

/// A value in a sweep file with the line it stands on.
struct Located<Value: Sendable>: Sendable {
    let value: Value
    /// `nil`: from the command line.
    let line: Int?
    /// A single value as it is written, without its quotes; `nil`: it is one of many that few words stand for.
    var written: String?
    var isQuoted = false

    init(value: Value, line: Int?, written: String? = nil, isQuoted: Bool = false) {
        (self.value, self.line, self.written, self.isQuoted) = (value, line, written, isQuoted)
    }
}

/// Reads the parts of a sweep file out of its YAML nodes, with errors that name the line.
struct SweepYAML {
    let file: String
    private let places: YAMLPlaces

    /// - Parameters:
    ///   - file: the name for messages.
    ///   - source: the text.
    init(file: String, source: String) {
        self.file = file
        places = YAMLPlaces(source)
    }

    func error(_ line: Int?, _ message: String) -> SweepFileError {
        line == nil
            ? SweepFileError(file: "command line", line: nil, message: message)
            : SweepFileError(file: file, line: line, message: message)
    }

    func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

    /// The root node of `source`; JSON is YAML too.
    func root() throws(SweepFileError) -> Node {
        do {
            let source = places.text
            guard let node = try Yams.compose(yaml: source), !node.isEmptyValue else {
                throw SweepFileError(file: file, line: 1, message: "the file is empty; it needs at least 'sweep' and 'matrix'")
            }
            return node
        } catch let error as SweepFileError {
            throw error
        } catch let problem as YamlError {
            throw describe(problem)
        } catch {
            throw SweepFileError(file: file, line: nil, message: "\(error)")
        }
    }

    private func describe(_ problem: YamlError) -> SweepFileError {
        switch problem {
        case .scanner(let context, let text, let mark, _), .parser(let context, let text, let mark, _),
            .composer(let context, let text, let mark, _):
            return error(mark.line, "this is not YAML: \(text)\(context.map { " \($0.text)" } ?? "")")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let key = duplicates.first ?? ""
            let second = places.repetition(of: key, first: context.mark) ?? context.mark.line
            return error(second, "the key '\(key)' stands here for the second time, first in line \(context.mark.line); remove one")
        default:
            return SweepFileError(file: file, line: nil, message: "this is not YAML: \(problem)")
        }
    }

    /// The pairs of a mapping, in order; keys are texts and stand there once. Nothing at all, as when every pair is commented out, is an
    /// empty mapping.
    func pairs(_ node: Node, _ what: String) throws(SweepFileError) -> [(key: Located<String>, value: Node)] {
        if node.isEmptyValue { return [] }
        guard case .mapping(let mapping) = node else {
            throw error(line(node), "\(what) must be a mapping like {method: ae}")
        }
        var seen: Set<String> = []
        var result: [(key: Located<String>, value: Node)] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else { throw error(line(key), "a key of \(what) is not a word") }
            guard seen.insert(scalar.string).inserted else {
                throw error(line(key), "the key '\(scalar.string)' stands in \(what) twice")
            }
            let place = key.placed(notBefore: node.mark)
            result.append((Located(value: scalar.string, line: line(place)), value.placed(notBefore: place.mark)))
        }
        return result
    }

    /// The pairs of a mapping whose keys must be among `known`.
    func pairs(
        _ node: Node, _ what: String, known: [String]
    ) throws(SweepFileError) -> [String: (line: Int?, value: Node)] {
        var result: [String: (line: Int?, value: Node)] = [:]
        for (key, value) in try pairs(node, what) {
            guard known.contains(key.value) else {
                throw error(key.line, "unknown key '\(key.value)' in \(what)\(nearestNameHint(for: key.value, among: known))")
            }
            result[key.value] = (key.line, value)
        }
        return result
    }

    /// The entries of a list; none where there is nothing at all, as when every entry is commented out.
    func list(_ node: Node, _ what: String) throws(SweepFileError) -> [Node] {
        if node.isEmptyValue { return [] }
        guard case .sequence(let sequence) = node else {
            throw error(line(node), "\(what) must be a list like [{...}, {...}]")
        }
        return entries(sequence)
    }

    /// A sequence's nodes, each placed where the reader finds it.
    private func entries(_ sequence: Node.Sequence) -> [Node] {
        var place = sequence.mark
        return sequence.map { node in
            guard let start = place, let own = node.mark, own < start else {
                place = node.mark ?? place
                return node
            }
            // An alias stands somewhere behind the entry before it.
            place = places.alias(after: start) ?? start
            return node.placed(notBefore: place)
        }
    }

    /// One value.
    func setting(_ node: Node, _ what: String) throws(SweepFileError) -> Located<Setting> {
        guard case .scalar(let scalar) = node else { throw error(line(node), "\(what) must be a single value") }
        return try located(scalar, line(node))
    }

    /// One or more values: a value, a list, `range(a, b)` or `choice(a, b)`.
    func settings(_ node: Node, _ what: String) throws(SweepFileError) -> [Located<Setting>] {
        var result: [Located<Setting>] = []
        let nodes: [Node]
        if case .sequence(let sequence) = node { nodes = entries(sequence) } else { nodes = [node] }
        for item in nodes {
            guard case .scalar(let scalar) = item else { throw error(line(item), "\(what) takes values or a list of values") }
            let place = line(item)
            if let values = try SweepValues(self, place).function(scalar.string) {
                guard result.count + values.count <= SweepFile.valueLimit else {
                    throw error(place, "\(what) has more than \(SweepFile.valueLimit) values; split the sweep")
                }
                result += values.map { Located(value: $0, line: place) }
            } else {
                result.append(try located(scalar, place))
            }
        }
        guard !result.isEmpty else { throw error(line(node), "\(what) has no values") }
        return result
    }

    private func located(_ scalar: Node.Scalar, _ line: Int) throws(SweepFileError) -> Located<Setting> {
        // Quotes make a text of anything.
        let isQuoted = scalar.style != .plain
        let value = isQuoted ? Setting.text(scalar.string) : try SweepValues(self, line).plain(scalar.string)
        return Located(value: value, line: line, written: scalar.string, isQuoted: isQuoted)
    }
}

/// Values as they are written, in a file or on the command line.
struct SweepValues {
    let reader: SweepYAML
    let line: Int?

    init(_ reader: SweepYAML, _ line: Int?) {
        self.reader = reader
        self.line = line
    }

    /// An unquoted value by YAML's core schema: true, false, numbers; everything else is text.
    func plain(_ text: String) throws(SweepFileError) -> Setting {
        if text == "true" || text == "false" { return .boolean(text == "true") }
        if text.wholeMatch(of: /[-+]?[0-9]+/) != nil {
            guard let value = Int(text) else { throw reader.error(line, "the number \(text) is too large") }
            return .integer(value)
        }
        if text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil {
            guard let value = Double(text.hasSuffix(".") ? text + "0" : text), value.isFinite else {
                throw reader.error(line, "the number \(text) is too large")
            }
            return Setting(value)
        }
        if text.isEmpty || text == "~" || text == "null" { throw reader.error(line, "a value is missing here") }
        if text.hasPrefix("range("), !text.hasSuffix(")") {
            throw reader.error(line, "'\(text)' is cut at a comma; inside {...} or [...] put range(...) into quotes")
        }
        return .text(text)
    }

    /// The values of `range(a, b[, step])`, end-exclusive, or `choice(a, b)`; `nil` for anything else.
    func function(_ text: String) throws(SweepFileError) -> [Setting]? {
        guard let call = text.wholeMatch(of: /\s*(range|choice)\((.*)\)\s*/) else { return nil }
        let arguments = call.2.split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.trimmingPrefix(while: \.isWhitespace) }
            .map { String($0.reversed().drop(while: \.isWhitespace).reversed()) }
        if call.1 == "choice" {
            var values: [Setting] = []
            for argument in arguments { values.append(try plain(argument)) }
            return values
        }
        let numbers = arguments.map { Int($0) }
        guard (2...3).contains(numbers.count), !numbers.contains(nil) else {
            throw reader.error(line, "'\(text)' must be range(start, end) or range(start, end, step) of whole numbers")
        }
        let (start, end, step) = (numbers[0]!, numbers[1]!, numbers.count == 3 ? numbers[2]! : 1)
        guard step != 0 else { throw reader.error(line, "'\(text)' has a step of zero") }
        let values = stride(from: start, to: end, by: step)
        var result: [Setting] = []
        for value in values {
            guard result.count < SweepFile.valueLimit else { throw reader.error(line, "'\(text)' has too many values") }
            result.append(.integer(value))
        }
        guard !result.isEmpty else { throw reader.error(line, "'\(text)' is empty; its end is not part of it") }
        return result
    }
}
