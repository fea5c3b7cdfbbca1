import Catalogue

/// The parts of a sweep file that make its cells.
struct Grid: Sendable {
    /// Under every cell.
    var fixed: [String: Located<Setting>] = [:]
    /// Axes of the product, the last fastest. A zip group is one axis of several names.
    var axes: [GridAxis] = []
    var exclude: [Condition] = []
    var include: [Inclusion] = []
    var conditional: [ConditionalSettings] = []
    var ablate: [Ablation] = []

    /// Number of cells of the product, or `nil` when that overflows.
    var productCount: Int? {
        axes.reduce(Int?.some(1)) { product, axis in
            product.flatMap { product in
                let (result, overflow) = product.multipliedReportingOverflow(by: axis.rows.count)
                return overflow ? nil : result
            }
        }
    }
}

/// An axis of the product: one name with its values, or several names whose values go together.
struct GridAxis: Sendable {
    var names: [String]
    /// One entry for each name.
    var rows: [[Setting]]
    var line: Int?
    /// Whether it comes from `zip`.
    var isZip = false
}

/// Which cells an entry is about: every key has one of its values.
struct Condition: Sendable {
    var values: [(key: String, any: [Setting])] = []
    var line: Int?

    /// The methods it is restricted to, or `nil`.
    var methods: [String]? { values.first { $0.key == "method" }?.any.compactMap(\.textValue) }

    func matches(_ lookup: (String) -> Setting?) -> Bool {
        values.allSatisfy { key, any in lookup(key).map { any.contains($0) } ?? false }
    }
}

/// An entry of `include`, multiplied out.
struct Inclusion: Sendable {
    var values: Settings
    var line: Int?
    /// The place of the entry in the list, from 0.
    var entry = 0
}

/// An entry of `set`.
struct ConditionalSettings: Sendable {
    var when: Condition
    var to: [(key: String, value: Setting)]
}

/// An entry of `ablate`.
struct Ablation: Sendable {
    var when: Condition
    var vary: [(key: String, values: [Setting])]
    /// The product of all axes instead of one at a time.
    var isCrossed: Bool

    /// The settings of each ablated cell.
    var variations: [Settings] {
        guard isCrossed else { return vary.flatMap { axis in axis.values.map { [axis.key: $0] } } }
        return vary.reduce([[:]]) { partial, axis in
            partial.flatMap { cell in axis.values.map { cell.merging([axis.key: $0]) { $1 } } }
        }
    }
}
