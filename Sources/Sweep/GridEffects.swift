import Catalogue

/// How many cells each entry of a grid has had to do with.
struct GridEffects: Sendable {
    /// By the places of entries of `exclude`: cells that it has taken out and none before it.
    var excluded: [Int]
    /// Of `include`: cells of the product that have a value from it that they had not.
    var extended: [Int]
    /// Of `set`: cells that it has changed.
    var changed: [Int]

    init(_ grid: Grid) {
        excluded = Array(repeating: 0, count: grid.exclude.count)
        extended = Array(repeating: 0, count: (grid.include.map(\.entry).max() ?? -1) + 1)
        changed = Array(repeating: 0, count: grid.conditional.count)
    }
}

/// What an entry of `exclude`, `include`, `set` or `ablate` has done to a sweep.
public struct EntryEffect: Sendable, Hashable, Codable {
    /// The list that it stands in.
    public let part: String
    /// `nil`: it has none.
    public let line: Int?
    /// e.g. `takes out 4 of 24 cells`.
    public let effect: String
    /// Whether the sweep would be the same without it.
    public let isIdle: Bool

    /// `line 6: exclude takes out 4 of 24 cells`.
    public var sentence: String { "\(line.map { "line \($0): " } ?? "")\(part) \(effect)" }
}

extension SweepFile {
    /// What every entry does, list by list in the file's order. Goes through all cells once.
    public var entryEffects: [EntryEffect] {
        guard !grid.exclude.isEmpty || !grid.include.isEmpty || !grid.conditional.isEmpty || !grid.ablate.isEmpty else { return [] }
        // Of the data's content no more matters than that equal jobs are equal.
        let contents = Dictionary(datasetNames.map { ($0, DatasetContent(fingerprint: "any")) }) { first, _ in first }
        var cells = CellIterator(file: self, isCounting: true)
        var seen: Set<Int> = []
        var added: [Cell.Origin: Int] = [:]
        while let cell = cells.next() {
            guard let job = cell.job(contents: contents), seen.insert(job.hashValue).inserted else { continue }
            if cell.origin != .product { added[cell.origin, default: 0] += 1 }
        }
        let effects = cells.effects!
        let total = grid.axes.isEmpty ? 0 : grid.productCount ?? 0
        return grid.exclude.enumerated().map { place, entry in
            let count = effects.excluded[place]
            return EntryEffect(
                part: "exclude", line: entry.line,
                effect: count > 0
                    ? "takes out \(count) of \(Self.count(total, "cell"))"
                    : "takes out nothing: no cell that is left to it fits it", isIdle: count == 0)
        } + inclusionEffects(effects, added)
            + grid.conditional.enumerated().map { place, entry in
                let count = effects.changed[place]
                return EntryEffect(
                    part: "set", line: entry.when.line,
                    effect: count > 0
                        ? "changes \(Self.count(count, "cell"))"
                        : "changes nothing: no cell fits it that has not these values already",
                    isIdle: count == 0)
            }
            + grid.ablate.enumerated().map { place, entry in
                let count = added[.ablation(place)] ?? 0
                return EntryEffect(
                    part: "ablate", line: entry.when.line,
                    effect: count > 0
                        ? "adds \(Self.count(count, "job"))" : "adds nothing: no cell fits it, or its jobs are there already",
                    isIdle: count == 0)
            }
    }

    private func inclusionEffects(_ effects: GridEffects, _ added: [Cell.Origin: Int]) -> [EntryEffect] {
        var seen: Set<Int> = []
        return grid.include.filter { seen.insert($0.entry).inserted }.map { entry in
            let (extended, new) = (effects.extended[entry.entry], added[.inclusion(entry.entry)] ?? 0)
            var parts: [String] = []
            if extended > 0 { parts.append("extends \(Self.count(extended, "cell"))") }
            if new > 0 { parts.append("adds \(Self.count(new, "job"))") }
            let idle =
                "does nothing: what it fits is excluded, has these values already or gets others from a later entry, or its job is there already"
            return EntryEffect(
                part: "include", line: entry.line, effect: parts.isEmpty ? idle : parts.joined(separator: " and "),
                isIdle: parts.isEmpty)
        }
    }

    private static func count(_ count: Int, _ word: String) -> String { count == 1 ? "1 \(word)" : "\(count) \(word)s" }
}
