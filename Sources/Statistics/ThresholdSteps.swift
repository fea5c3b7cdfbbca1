/// Scores sorted from high to low, one step for each different value.
public struct ThresholdSteps: Sendable {
    /// The items of one score.
    public struct Step: Sendable, Hashable {
        public let score: Double
        /// Abnormal items.
        public fileprivate(set) var positives: Int
        /// Normal items.
        public fileprivate(set) var negatives: Int
    }

    public private(set) var descending: [Step] = []
    /// Abnormal items in all.
    public private(set) var positives = 0
    /// Normal items in all.
    public private(set) var negatives = 0

    /// - Parameters:
    ///   - scores: numbers.
    ///   - labels: whether the item is abnormal, one a score.
    public init(scores: [Double], labels: [Bool]) {
        precondition(scores.count == labels.count, "every score has a label")
        for index in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
            if descending.last?.score != scores[index] {
                descending.append(Step(score: scores[index], positives: 0, negatives: 0))
            }
            if labels[index] {
                descending[descending.count - 1].positives += 1
                positives += 1
            } else {
                descending[descending.count - 1].negatives += 1
                negatives += 1
            }
        }
    }
}
