/// What a critical-difference picture shows: methods by mean rank, and bars over those that do not differ.
public struct CriticalDifference: Sendable, Hashable {
    /// Best first.
    public let names: [String]
    /// In the order of ``names``.
    public let meanRanks: [Double]
    public let difference: Double
    /// Places in ``names`` of methods that do not differ significantly; no group lies within another.
    public let groups: [ClosedRange<Int>]

    /// `nil` where names and ranks are not equally many.
    public init?(names: [String], _ friedman: Friedman, _ nemenyi: Nemenyi) {
        guard names.count == friedman.meanRanks.count else { return nil }
        let order = names.indices.sorted { (friedman.meanRanks[$0], $0) < (friedman.meanRanks[$1], $1) }
        let ranks = order.map { friedman.meanRanks[$0] }
        difference = nemenyi.criticalDifference
        var groups: [ClosedRange<Int>] = []
        for start in ranks.indices {
            let end = ranks.lastIndex { $0 - ranks[start] <= nemenyi.criticalDifference } ?? start
            if end > start, end > groups.last?.upperBound ?? -1 { groups.append(start...end) }
        }
        self.names = order.map { names[$0] }
        meanRanks = ranks
        self.groups = groups
    }
}
