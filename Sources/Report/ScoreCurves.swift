import Catalogue
import Statistics

/// The curves of a test set's image scores. Equal scores are one step.
struct ScoreCurves {
    private let steps: ThresholdSteps

    init(_ scores: ImageScores) { steps = ThresholdSteps(scores: scores.scores, labels: scores.labels.map { $0 == 1 }) }

    /// Counts of abnormal and normal images at or above each different score, from the highest.
    private var counts: [(hits: Int, alarms: Int)] {
        var (hits, alarms) = (0, 0)
        return steps.descending.map { step in
            hits += step.positives
            alarms += step.negatives
            return (hits, alarms)
        }
    }

    /// False positive rate against true positive rate, from (0, 0) to (1, 1).
    var roc: [(x: Double, y: Double)] {
        let (positives, negatives) = (Double(max(1, steps.positives)), Double(max(1, steps.negatives)))
        return [(0, 0)] + counts.map { (Double($0.alarms) / negatives, Double($0.hits) / positives) }
    }

    /// Recall against precision as the step function whose area is the average precision; empty without abnormal images.
    var precisionRecall: [(x: Double, y: Double)] {
        guard steps.positives > 0 else { return [] }
        var recall = 0.0
        return counts.flatMap { step -> [(x: Double, y: Double)] in
            let precision = Double(step.hits) / Double(step.hits + step.alarms)
            defer { recall = Double(step.hits) / Double(steps.positives) }
            return [(recall, precision), (Double(step.hits) / Double(steps.positives), precision)]
        }
    }
}
