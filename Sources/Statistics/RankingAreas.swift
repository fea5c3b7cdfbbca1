/// AUC and average precision, summed over the different scores from the highest down: the one place in which they are reckoned, of images
/// and of pixels, once and for every resample.
public struct RankingAreas: Sendable {
    private let positives: Int
    private let negatives: Int
    private var truePositives = 0
    private var falsePositives = 0
    /// Twice the area times the number of pairs, in whole numbers: exact whatever the order of summation.
    private var doubledArea = 0

    /// Average precision so far: Σ (Rₙ - Rₙ₋₁) Pₙ over the different scores, no interpolation (scikit-learn's `average_precision_score`).
    public private(set) var averagePrecision = 0.0

    /// - Parameters:
    ///   - positives: abnormal items in all, at least one.
    ///   - negatives: normal items in all, at least one.
    public init(positives: Int, negatives: Int) {
        precondition(positives > 0 && negatives > 0, "there are items of both classes")
        self.positives = positives
        self.negatives = negatives
    }

    /// Takes the items of the next lower score.
    public mutating func add(positives hits: Int, negatives alarms: Int) {
        doubledArea += alarms * (2 * truePositives + hits)
        truePositives += hits
        falsePositives += alarms
        guard hits > 0 else { return }
        averagePrecision += Double(hits) / Double(positives) * (Double(truePositives) / Double(truePositives + falsePositives))
    }

    /// The area under the receiver operating characteristic so far: the chance that an abnormal item scores higher than a normal one, ties
    /// counted half (`roc_auc_score`).
    public var auc: Double { Double(doubledArea) / 2 / (Double(positives) * Double(negatives)) }
}
