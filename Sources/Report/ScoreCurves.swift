/// The curves of a test set's image scores. Equal scores are one step.
enum ScoreCurves {
    /// False positive rate against true positive rate, from (0, 0) to (1, 1).
    static func roc(_ scores: ImageScores) -> [(x: Double, y: Double)] {
        let (positives, negatives) = totals(scores)
        return [(0, 0)] + steps(scores).map { (Double($0.alarms) / max(1, negatives), Double($0.hits) / max(1, positives)) }
    }

    /// Recall against precision as the step function whose area is the average precision.
    static func precisionRecall(_ scores: ImageScores) -> [(x: Double, y: Double)] {
        let (positives, _) = totals(scores)
        guard positives > 0 else { return [] }
        var recall = 0.0
        return steps(scores).flatMap { step -> [(x: Double, y: Double)] in
            let precision = Double(step.hits) / Double(step.hits + step.alarms)
            defer { recall = Double(step.hits) / positives }
            return [(recall, precision), (Double(step.hits) / positives, precision)]
        }
    }

    private static func totals(_ scores: ImageScores) -> (positives: Double, negatives: Double) {
        let positives = Double(scores.labels.count { $0 == 1 })
        return (positives, Double(scores.labels.count) - positives)
    }

    /// Counts of abnormal and normal images at or above each distinct score, from the highest.
    private static func steps(_ scores: ImageScores) -> [(hits: Int, alarms: Int)] {
        let order = scores.scores.indices.sorted { scores.scores[$0] > scores.scores[$1] }
        var steps: [(hits: Int, alarms: Int)] = []
        var (hits, alarms) = (0, 0)
        for (place, index) in order.enumerated() {
            if scores.labels[index] == 1 { hits += 1 } else { alarms += 1 }
            if place + 1 < order.count, scores.scores[order[place + 1]] == scores.scores[index] { continue }
            steps.append((hits, alarms))
        }
        return steps
    }
}
