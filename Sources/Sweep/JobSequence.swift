import Catalogue

/// A sweep's jobs, made one by one. Only the identities handed out are remembered.
public struct JobSequence: Sequence, Sendable {
    let file: SweepFile
    let contents: [String: DatasetContent]

    public func makeIterator() -> Iterator { Iterator(file: file, contents: contents) }

    public struct Iterator: IteratorProtocol {
        private let file: SweepFile
        private let contents: [String: DatasetContent]
        private var cells: CellIterator
        private var seen: Set<Digest> = []
        private var position = 0

        init(file: SweepFile, contents: [String: DatasetContent]) {
            self.file = file
            self.contents = contents
            cells = CellIterator(file: file)
        }

        public mutating func next() -> PlannedJob? {
            while let cell = cells.next() {
                guard let job = cell.job(contents: contents) else { continue }
                let planned = PlannedJob(position: position, job)
                guard seen.insert(Digest(planned.identity)).inserted else { continue }
                position += 1
                return planned
            }
            return nil
        }
    }

    /// Half of an identity: 16 bytes instead of a string of 64, and still no two jobs alike.
    private struct Digest: Hashable {
        let high: UInt64
        let low: UInt64

        init(_ identity: String) {
            high = UInt64(identity.prefix(16), radix: 16) ?? 0
            low = UInt64(identity.dropFirst(16).prefix(16), radix: 16) ?? 0
        }
    }
}

/// A cell on its way to a job.
struct Cell {
    let file: SweepFile
    /// What the product gave it, before `include`.
    let original: Settings
    /// Everything given to it by name; `fixed` is not in it.
    var values: Settings
    /// The part of the grid that it comes from.
    var origin = Origin.product

    enum Origin: Hashable {
        case product
        /// An entry of `include` that makes jobs of its own, by its place in the list.
        case inclusion(Int)
        /// An entry of `ablate`, by its place in the list.
        case ablation(Int)
    }

    /// The value of an axis: as given, fixed, or the default.
    func lookup(_ name: String) -> Setting? {
        if let value = values[name] ?? file.grid.fixed[name]?.value { return value }
        guard !GridParser.reserved.contains(name), let method, let option = method.option(name) else { return nil }
        return dataset?.defaults[name] ?? option.defaultValue
    }

    private var method: MethodDescription? {
        (values["method"] ?? file.grid.fixed["method"]?.value)?.textValue.flatMap { file.methods[$0] }
    }

    private var dataset: DatasetDescription? {
        (values["dataset"] ?? file.grid.fixed["dataset"]?.value)?.textValue.flatMap { file.datasets[$0] }
    }

    /// The cell with the conditional settings, which leave `kept` alone.
    /// - Parameters:
    ///   - isCounting: whether to look which entries of `set` change something.
    ///   - changes: is told the places of those that do.
    func withConditionalSettings(keeping kept: Settings = [:], isCounting: Bool = false, changes: (Int) -> Void = { _ in }) -> Cell {
        var result = self
        for (place, entry) in file.grid.conditional.enumerated() where entry.when.matches(result.lookup) {
            let to = entry.to.filter { kept[$0.key] == nil }
            if isCounting, to.contains(where: { result.lookup($0.key) != $0.value }) { changes(place) }
            for (key, value) in to { result.values[key] = value }
        }
        return result
    }

    func job(contents: [String: DatasetContent]) -> JobDescription? {
        guard let method, let dataset, let seed = lookup("seed")?.integerValue,
            let fingerprint = contents[dataset.name]?.fingerprint
        else { return nil }
        let given = file.grid.fixed.mapValues(\.value).merging(values) { $1 }
        return JobDescription(
            method: method.name, configuration: method.resolve(given, for: dataset), dataset: dataset.name,
            fingerprint: fingerprint, seed: seed)
    }
}

/// The cells of a grid in order, equal ones included.
struct CellIterator: IteratorProtocol {
    private let file: SweepFile
    private let additions: [Inclusion]
    private enum Phase {
        case base
        case ablation(Int)
    }
    private var phase = Phase.base
    private var baseIndex = 0
    private var pending: [Cell] = []
    /// What the entries have done so far; `nil`: nobody wants to know, and nothing is counted.
    private(set) var effects: GridEffects?

    /// - Parameter isCounting: whether to count what every entry does.
    init(file: SweepFile, isCounting: Bool = false) {
        self.file = file
        if isCounting { effects = GridEffects(file.grid) }
        additions = file.grid.include.filter { !file.grid.fitsSomeCell($0) }
    }

    mutating func next() -> Cell? {
        while true {
            if let cell = pending.popLast() { return cell }
            guard let cell = nextBase() else {
                guard advancePhase() else { return nil }
                continue
            }
            switch phase {
            case .base:
                return conditional(cell)
            case .ablation(let index):
                let ablation = file.grid.ablate[index]
                guard ablation.when.matches(cell.withConditionalSettings().lookup) else { continue }
                for variation in ablation.variations.reversed() {
                    var varied = cell
                    varied.origin = .ablation(index)
                    varied.values.merge(variation) { $1 }
                    pending.append(conditional(varied, keeping: variation))
                }
            }
        }
    }

    private mutating func conditional(_ cell: Cell, keeping kept: Settings = [:]) -> Cell {
        guard effects != nil else { return cell.withConditionalSettings(keeping: kept) }
        return cell.withConditionalSettings(keeping: kept, isCounting: true) { effects!.changed[$0] += 1 }
    }

    private mutating func advancePhase() -> Bool {
        let following = if case .ablation(let index) = phase { index + 1 } else { 0 }
        guard following < file.grid.ablate.count else { return false }
        phase = .ablation(following)
        baseIndex = 0
        return true
    }

    /// The next cell before conditional settings: the product's, then the included new ones.
    private mutating func nextBase() -> Cell? {
        let product = file.grid.axes.isEmpty ? 0 : file.grid.productCount ?? 0
        while baseIndex < product {
            defer { baseIndex += 1 }
            if let cell = productCell(baseIndex) { return cell }
        }
        guard baseIndex < product + additions.count else { return nil }
        defer { baseIndex += 1 }
        let addition = additions[baseIndex - product]
        return Cell(file: file, original: [:], values: addition.values, origin: .inclusion(addition.entry))
    }

    /// The cell at a place of the product, the last axis fastest; `nil` when it is excluded.
    private mutating func productCell(_ index: Int) -> Cell? {
        var original: Settings = [:]
        var rest = index
        for axis in file.grid.axes.reversed() {
            let row = axis.rows[rest % axis.rows.count]
            rest /= axis.rows.count
            for (name, value) in zip(axis.names, row) { original[name] = value }
        }
        var cell = Cell(file: file, original: original, values: original)
        // An ablation goes through the product again: what is done to its cells counts once.
        let isFirst = if case .base = phase { true } else { false }
        if let place = file.grid.exclude.firstIndex(where: { $0.matches(cell.lookup) }) {
            if isFirst { effects?.excluded[place] += 1 }
            return nil
        }
        let before = cell
        var writers: [String: Int] = [:]
        for entry in file.grid.include where agrees(entry, original) {
            cell.values.merge(entry.values) { $1 }
            if isFirst, effects != nil { for name in entry.values.keys { writers[name] = entry.entry } }
        }
        for entry in Set(writers.filter { before.lookup($0.key) != cell.values[$0.key] }.values) { effects?.extended[entry] += 1 }
        return cell
    }

    /// Whether the entry overwrites nothing that the product gave the cell. What is fixed of method, data set and seed
    /// counts as given.
    private func agrees(_ entry: Inclusion, _ original: Settings) -> Bool {
        entry.values.allSatisfy { name, value in
            let fixed = GridParser.reserved.contains(name) ? file.grid.fixed[name]?.value : nil
            return (original[name] ?? fixed).map { $0 == value } ?? true
        }
    }
}
