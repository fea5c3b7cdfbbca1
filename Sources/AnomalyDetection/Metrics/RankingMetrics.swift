import Statistics

/// Threshold-free metrics of scores against labels, ties handled as scikit-learn does.
public struct RankingMetrics: Sendable, Hashable {
    /// Area under the receiver operating characteristic, ties counted half.
    public let auc: Double
    /// Average precision over distinct scores.
    public let averagePrecision: Double

    /// - Parameters:
    ///   - scores: higher is more abnormal; finite.
    ///   - labels: whether the item is abnormal.
    /// - Throws: ``TrainingError`` when the counts differ, one class is absent or a score is not finite.
    public init(scores: [Double], labels: [Bool]) throws(TrainingError) {
        guard scores.count == labels.count else {
            throw TrainingError("there are \(scores.count) scores for \(labels.count) labels")
        }
        if let index = scores.firstIndex(where: { !$0.isFinite }) {
            throw TrainingError("the score of item \(index) is \(scores[index]), not a number to rank by", kind: .divergence)
        }
        let steps = ThresholdSteps(scores: scores, labels: labels)
        guard steps.positives > 0, steps.negatives > 0 else {
            throw TrainingError("AUC and AP need normal and abnormal items, but there are \(steps.negatives) and \(steps.positives)")
        }
        var areas = RankingAreas(positives: steps.positives, negatives: steps.negatives)
        for step in steps.descending { areas.add(positives: step.positives, negatives: step.negatives) }
        auc = areas.auc
        averagePrecision = areas.averagePrecision
    }
}
