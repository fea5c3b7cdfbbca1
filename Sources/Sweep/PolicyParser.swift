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
        if let part = parts["exact"] { policy.isExact = try truth(part, "'exact'") }
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

    private func truth(_ part: Part, _ what: String) throws(SweepFileError) -> Bool {
        guard let value = try reader.setting(part.value, what).value.booleanValue else {
            throw reader.error(part.line, "\(what) must be true or false")
        }
        return value
    }

    private func size(_ part: Part, _ what: String) throws(SweepFileError) -> Int64 {
        let text = "\(try reader.setting(part.value, what).value)"
        if let bytes = ByteSize.bytes(text) { return bytes }
        let isBare = text.wholeMatch(of: /[0-9]{1,9}/) != nil
        throw reader.error(
            part.line, isBare ? "\(what) lacks a unit; write \(text)MiB or \(text)GiB" : "\(what) must be a size like 512MiB or 2GiB, not '\(text)'")
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
        let entries = try reader.pairs(node, "requires", known: ["device", "threads", "memory", "gpu_memory", "dataset", "tags", "weights"])
        if let entry = entries["device"] { result.device = try word(entry, "'device'", ["any", "cpu", "cuda"]) }
        if let entry = entries["threads"] { result.threads = try integer(entry, "'threads'", 1...1024) }
        if let entry = entries["memory"] { result.memory = try size(entry, "'memory'") }
        if let entry = entries["gpu_memory"] { result.gpuMemory = try size(entry, "'gpu_memory'") }
        if let entry = entries["tags"] { result.tags = try words(entry, "'tags'") }
        if let entry = entries["weights"] { result.weights = try words(entry, "'weights'") }
        // A worker must always have the job's data set; the key says so for those who like to read it.
        if let entry = entries["dataset"] { _ = try word(entry, "'dataset'", ["{dataset}"]) }
        return result
    }

    private func retry(_ node: Node) throws(SweepFileError) -> SweepPolicy.RetryPolicy {
        var result = SweepPolicy.RetryPolicy()
        let entries = try reader.pairs(node, "retry", known: ["max_attempts", "max_lost", "backoff", "retry_on", "on_out_of_memory"])
        if let entry = entries["max_attempts"] { result.maxAttempts = try integer(entry, "'max_attempts'", 1...100) }
        if let entry = entries["max_lost"] { result.maxLost = try integer(entry, "'max_lost'", 1...10_000) }
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
        if let entry = entries["on_out_of_memory"] { result.outOfMemoryDivisor = try divisor(entry) }
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

    /// What is to be done to `batch_size` when a job runs out of memory: `{batch_size: /2}`.
    private func divisor(_ part: Part) throws(SweepFileError) -> Int {
        let entries = try reader.pairs(part.value, "on_out_of_memory", known: ["batch_size"])
        guard let entry = entries["batch_size"] else {
            throw reader.error(part.line, "'on_out_of_memory' is empty; write on_out_of_memory: {batch_size: /2}")
        }
        let text = "\(try reader.setting(entry.value, "'batch_size'").value)"
        guard let match = text.wholeMatch(of: /\/([0-9]{1,2})/), let divisor = Int(match.1), (2...64).contains(divisor) else {
            throw reader.error(entry.line, "'batch_size' in on_out_of_memory must be divided by a whole number from 2 to 64, as in /2, not '\(text)'")
        }
        return divisor
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
        if let entry = entries["maps"] { result.maps = try truth(entry, "'maps'") }
        if let entry = entries["examples"] { result.examples = try integer(entry, "'examples'", 0...64) }
        return result
    }

    private func checkpoint(_ part: Part) throws(SweepFileError) -> SweepPolicy.CheckpointInterval {
        let text = "\(try reader.setting(part.value, "'checkpoint_every'").value)"
        if let match = text.wholeMatch(of: /([0-9]+) epochs?/), let epochs = Int(match.1), epochs > 0 { return .epochs(epochs) }
        if let seconds = Self.seconds(text), seconds > 0 { return .seconds(seconds) }
        let isBare = text.wholeMatch(of: /[1-9][0-9]{0,8}/) != nil
        throw reader.error(
            part.line, isBare ? "'checkpoint_every' lacks a unit; write \(text)s or '\(text) epochs'"
                : "'checkpoint_every' must be a time like 60s or 5m, or a number like '10 epochs', not '\(text)'")
    }

    /// `90s`, `15m`, `2h` in seconds.
    static func seconds(_ text: String) -> Double? {
        guard let match = text.wholeMatch(of: /([0-9]+)(ms|s|m|h|d)/), let count = Double(match.1) else { return nil }
        return count * ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400][match.2]!
    }
}
