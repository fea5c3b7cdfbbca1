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
    func withConditionalSettings(keeping kept: Settings = [:]) -> Cell {
        var result = self
        for entry in file.grid.conditional where entry.when.matches(result.lookup) {
            for (key, value) in entry.to where kept[key] == nil { result.values[key] = value }
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

    init(file: SweepFile) {
        self.file = file
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
                return cell.withConditionalSettings()
            case .ablation(let index):
                let ablation = file.grid.ablate[index]
                guard ablation.when.matches(cell.withConditionalSettings().lookup) else { continue }
                pending = ablation.variations.map { variation in
                    var varied = cell
                    varied.values.merge(variation) { $1 }
                    return varied.withConditionalSettings(keeping: variation)
                }.reversed()
            }
        }
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
        return Cell(file: file, original: [:], values: additions[baseIndex - product].values)
    }

    /// The cell at a place of the product, the last axis fastest; `nil` when it is excluded.
    private func productCell(_ index: Int) -> Cell? {
        var original: Settings = [:]
        var rest = index
        for axis in file.grid.axes.reversed() {
            let row = axis.rows[rest % axis.rows.count]
            rest /= axis.rows.count
            for (name, value) in zip(axis.names, row) { original[name] = value }
        }
        var cell = Cell(file: file, original: original, values: original)
        if file.grid.exclude.contains(where: { $0.matches(cell.lookup) }) { return nil }
        for entry in file.grid.include where agrees(entry, original) {
            cell.values.merge(entry.values) { $1 }
        }
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
