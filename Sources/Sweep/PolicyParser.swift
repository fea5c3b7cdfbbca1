import Catalogue
import Yams

/// Reads what a sweep file says beyond its cells.
struct PolicyParser {
    let reader: SweepYAML

    func policy(_ parts: [String: (line: Int?, value: Node)]) throws(SweepFileError) -> SweepPolicy {
        var policy = SweepPolicy()
        if let part = parts["requires"] { policy.requires = try requirements(part.value) }
        if let part = parts["retry"] { policy.retry = try retry(part.value) }
        if let part = parts["limits"] {
            let entries = try reader.pairs(part.value, "limits", known: ["parallel", "max_failed"])
            policy.limits.parallel = try entries["parallel"].map { entry throws(SweepFileError) in
                try integer(entry, "'parallel'", 1...1_000_000)
            }
            policy.limits.maxFailed = try entries["max_failed"].map { entry throws(SweepFileError) in
                try integer(entry, "'max_failed'", 1...1_000_000_000)
            }
        }
        if let part = parts["priority"] { policy.priority = try integer(part, "'priority'", -1000...1000) }
        if let part = parts["metric"] { policy.metric = try metric(part.value) }
        if let part = parts["checkpoint_every"] { policy.checkpoint = try checkpoint(part) }
        policy.evaluateEvery = try parts["evaluate_every"].map { part throws(SweepFileError) in
            try integer(part, "'evaluate_every'", 1...1_000_000)
        }
        if let part = parts["artefacts"] { policy.artefacts = try artefacts(part.value) }
        return policy
    }

    private typealias Part = (line: Int?, value: Node)

    private func integer(_ part: Part, _ what: String, _ range: ClosedRange<Int>) throws(SweepFileError) -> Int {
        guard let value = try reader.setting(part.value, what).value.integerValue, range.contains(value) else {
            throw reader.error(part.line, "\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private func word(_ part: Part, _ what: String, _ words: [String]) throws(SweepFileError) -> String {
        let text = "\(try reader.setting(part.value, what).value)"
        guard words.contains(text) else {
            throw reader.error(part.line, "\(what) must be one of \(words.joined(separator: ", ")), not '\(text)'")
        }
        return text
    }

    /// One or more plain words, sorted.
    private func words(_ part: Part, _ what: String) throws(SweepFileError) -> [String] {
        var words: Set<String> = []
        for value in try reader.settings(part.value, what) {
            let text = "\(value.value)"
            guard text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,99}/) != nil else {
                throw reader.error(value.line, "\(what) takes words of letters, digits, '.', '_' and '-', not '\(text)'")
            }
            words.insert(text)
        }
        return words.sorted()
    }

    private func requirements(_ node: Node) throws(SweepFileError) -> SweepPolicy.Requirements {
        var result = SweepPolicy.Requirements()
        let entries = try reader.pairs(node, "requires", known: ["device", "memory", "dataset", "tags", "weights"])
        if let entry = entries["device"] { result.device = try word(entry, "'device'", ["any", "cpu", "cuda"]) }
        if let entry = entries["memory"] {
            let text = "\(try reader.setting(entry.value, "'memory'").value)"
            guard let bytes = Self.bytes(text) else {
                throw reader.error(entry.line, "'memory' must be a size like 512MiB or 2GiB, not '\(text)'")
            }
            result.memory = bytes
        }
        if let entry = entries["tags"] { result.tags = try words(entry, "'tags'") }
        if let entry = entries["weights"] { result.weights = try words(entry, "'weights'") }
        // A worker must always have the job's data set; the key says so for those who like to read it.
        if let entry = entries["dataset"] { _ = try word(entry, "'dataset'", ["{dataset}"]) }
        return result
    }

    private func retry(_ node: Node) throws(SweepFileError) -> SweepPolicy.RetryPolicy {
        var result = SweepPolicy.RetryPolicy()
        let entries = try reader.pairs(node, "retry", known: ["max_attempts", "backoff", "retry_on"])
        if let entry = entries["max_attempts"] { result.maxAttempts = try integer(entry, "'max_attempts'", 1...100) }
        if let entry = entries["retry_on"] {
            let names = FailureKind.allCases.map(\.rawValue)
            result.retryOn = []
            for value in try reader.settings(entry.value, "'retry_on'") {
                guard let kind = FailureKind(rawValue: "\(value.value)") else {
                    throw reader.error(value.line, "'retry_on' takes \(names.joined(separator: ", ")), not '\(value.value)'\(nearestNameHint(for: "\(value.value)", among: names))")
                }
                if !result.retryOn.contains(kind) { result.retryOn.append(kind) }
            }
        }
        if let entry = entries["backoff"] {
            let text = "\(try reader.setting(entry.value, "'backoff'").value)"
            let ends = text.split(separator: ".", omittingEmptySubsequences: true).map { Self.seconds(String($0)) }
            guard text.contains(".."), ends.count == 2, let least = ends[0], let most = ends[1], least <= most else {
                throw reader.error(entry.line, "'backoff' must be a span like 10s..15m, not '\(text)'")
            }
            (result.backoffMinimum, result.backoffMaximum) = (least, most)
        }
        return result
    }

    private func metric(_ node: Node) throws(SweepFileError) -> SweepPolicy.Metric {
        var result = SweepPolicy.Metric()
        let entries = try reader.pairs(node, "metric", known: ["name", "goal"])
        if let entry = entries["name"] {
            result.name = try word(entry, "'name'", Catalogue.comparedMetrics.map(\.name))
        }
        if let entry = entries["goal"], try word(entry, "'goal'", ["maximize", "minimize"]) == "minimize" {
            result.goal = .minimize
        }
        return result
    }

    private func artefacts(_ node: Node) throws(SweepFileError) -> SweepPolicy.Artefacts {
        var result = SweepPolicy.Artefacts()
        let entries = try reader.pairs(node, "artefacts", known: ["maps", "examples"])
        if let entry = entries["maps"] {
            guard let isKept = try reader.setting(entry.value, "'maps'").value.booleanValue else {
                throw reader.error(entry.line, "'maps' must be true or false")
            }
            result.maps = isKept
        }
        if let entry = entries["examples"] { result.examples = try integer(entry, "'examples'", 0...64) }
        return result
    }

    private func checkpoint(_ part: Part) throws(SweepFileError) -> SweepPolicy.CheckpointInterval {
        let text = "\(try reader.setting(part.value, "'checkpoint_every'").value)"
        if let match = text.wholeMatch(of: /([0-9]+)( epochs?)?/), let epochs = Int(match.1), epochs > 0 {
            return .epochs(epochs)
        }
        if let seconds = Self.seconds(text), seconds > 0 { return .seconds(seconds) }
        throw reader.error(part.line, "'checkpoint_every' must be a number of epochs or a time like 60s or 5m, not '\(text)'")
    }

    /// `90s`, `15m`, `2h` in seconds.
    static func seconds(_ text: String) -> Double? {
        guard let match = text.wholeMatch(of: /([0-9]+)(ms|s|m|h|d)/), let count = Double(match.1) else { return nil }
        return count * ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400][match.2]!
    }

    /// `2GiB`, `500MB`, `1024` in bytes.
    static func bytes(_ text: String) -> Int64? {
        guard let match = text.wholeMatch(of: /([0-9]{1,9})(B|[KMGT]i?B)?/), let count = Int64(match.1) else { return nil }
        let unit = String(match.2 ?? "B")
        let power = ["B": 0, "K": 1, "M": 2, "G": 3, "T": 4][String(unit.prefix(1))] ?? 0
        let base: Int64 = unit.contains("i") ? 1024 : 1000
        let (bytes, overflow) = count.multipliedReportingOverflow(by: (0..<power).reduce(1) { product, _ in product * base })
        return overflow ? nil : bytes
    }
}
