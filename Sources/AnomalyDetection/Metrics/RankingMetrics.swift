/// Threshold-free metrics of scores against labels, ties handled as scikit-learn does.
public struct RankingMetrics: Sendable, Hashable {
    /// Area under the receiver operating characteristic: the chance that an abnormal item scores higher than a
    /// normal one, ties counted half (`roc_auc_score`).
    public let auc: Double
    /// Average precision Σ (Rₙ - Rₙ₋₁) Pₙ over distinct thresholds, no interpolation (`average_precision_score`).
    public let averagePrecision: Double

    /// - Parameters:
    ///   - scores: higher is more abnormal; finite.
    ///   - labels: whether the item is abnormal.
    /// - Throws: ``TrainingError`` when the counts differ, one class is absent or a score is not finite.
    public init(scores: [Double], labels: [Bool]) throws(TrainingError) {
        try self.init(steps: ThresholdSteps(scores: scores, labels: labels))
    }

    init(steps: ThresholdSteps) throws(TrainingError) {
        guard steps.positives > 0, steps.negatives > 0 else {
            throw TrainingError("AUC and AP need normal and abnormal items, but there are \(steps.negatives) and \(steps.positives)")
        }
        // Twice the area, in whole numbers: exact whatever the order of summation.
        var doubledArea = 0
        var precisionSum = 0.0
        var (above, aboveNegatives) = (0, 0)
        for step in steps.descending {
            doubledArea += step.negatives * (2 * above + step.positives)
            above += step.positives
            aboveNegatives += step.negatives
            precisionSum += Double(step.positives) / Double(steps.positives)
                * (Double(above) / Double(above + aboveNegatives))
        }
        auc = Double(doubledArea) / 2 / (Double(steps.positives) * Double(steps.negatives))
        averagePrecision = precisionSum
    }
}

/// Scores sorted from high to low, one step for each distinct value.
struct ThresholdSteps {
    struct Step {
        let score: Double
        var positives: Int
        var negatives: Int
    }

    private(set) var descending: [Step] = []
    private(set) var positives = 0
    private(set) var negatives = 0

    init(scores: [Double], labels: [Bool]) throws(TrainingError) {
        guard scores.count == labels.count else {
            throw TrainingError("there are \(scores.count) scores for \(labels.count) labels")
        }
        if let index = scores.firstIndex(where: { !$0.isFinite }) {
            throw TrainingError("the score of item \(index) is \(scores[index]), not a number to rank by", kind: .divergence)
        }
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
