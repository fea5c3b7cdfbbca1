import Statistics

/// Metrics over all pixels of all test images together, normal images included.
///
/// Every pixel is ranked once: beside its arguments a computation takes 4 bytes for each normal and 8 for each abnormal
/// pixel (BraTS2021 at 128 × 128, 45 million pixels: about 200 MB), and its result depends on no order of summation
/// but that of the scores.
public struct PixelMetrics: Sendable, Hashable {
    /// Area under the receiver operating characteristic over pixels, ties counted half.
    public let auc: Double
    /// Average precision over pixels.
    public let averagePrecision: Double
    /// The study's "best Dice": the highest Dice = 2 TP / (|P| + |G|) over one threshold for the whole
    /// test set, prediction = score > threshold, thresholds being every ⌊N / candidates⌋-th of the sorted scores from
    /// the lowest.
    public let bestDice: Double
    /// The lowest threshold that gives ``bestDice``.
    public let bestThreshold: Float
    /// The highest Dice over all thresholds, the one below every score included: the optimum that ``bestDice`` samples.
    public let maximalDice: Double
    /// AUPRO (Bergmann et al., 2021): the area under the mean overlap of the masks' regions against the false positive
    /// rate, from 0 to the limit, divided by the limit. Regions are 8-connected.
    public let regionOverlap: Double

    /// The study's number of threshold candidates for methods with maps from a reconstruction or features; its one-stage
    /// methods have 100.
    public static let studyCandidates = 200

    /// - Parameters:
    ///   - scores: every pixel's score, image after image, `[N, H, W]`; finite.
    ///   - labels: 0 where the pixel is normal, anything else where it is abnormal; in the same order.
    ///   - width: W, pixels in a row.
    ///   - height: H, rows of an image.
    ///   - candidates: how many thresholds ``bestDice`` tries.
    ///   - falsePositiveLimit: the false positive rate up to which ``regionOverlap`` integrates, in 0...1.
    /// - Throws: ``TrainingError`` when the counts differ, one class is absent or a score is not finite.
    public init(
        scores: [Float], labels: [UInt8], width: Int, height: Int, candidates: Int = studyCandidates,
        falsePositiveLimit: Double = 0.3
    ) throws(TrainingError) {
        precondition(candidates > 0 && falsePositiveLimit > 0 && falsePositiveLimit <= 1, "the parameters make sense")
        let ranking = try PixelRanking(scores: scores, labels: labels, width: width, height: height)
        let (normals, abnormals) = (ranking.normals.count, ranking.abnormals.count)
        guard normals > 0, abnormals > 0 else {
            throw TrainingError(
                "pixel metrics need normal and abnormal pixels, but \(abnormals) of \(normals + abnormals) are abnormal")
        }
        let stride = max(1, (normals + abnormals) / candidates)
        var overlap = RegionOverlap(sizes: ranking.regionSizes, normals: normals, limit: falsePositiveLimit)
        var areas = RankingAreas(positives: abnormals, negatives: normals)
        var best = (dice: 0.0, key: UInt32(0))
        var maximum = 0.0
        var (hits, alarms) = (0, 0)
        func dice(_ hits: Int, predicted: Int) -> Double { 2 * Double(hits) / Double(predicted + abnormals) }

        // From the highest score down, so that the counts above only grow.
        ranking.forEachStep { step in
            let (above, below) = (hits + alarms, normals + abnormals - hits - alarms - step.normals - step.abnormals.count)
            // Whether one of the candidates, which are places of the ascending order, is among equals at this score.
            if (below + stride - 1) / stride * stride < normals + abnormals - above {
                let value = dice(hits, predicted: above)
                // At equal Dice the lowest threshold counts.
                if value >= best.dice { best = (value, step.key) }
            }
            areas.add(positives: step.abnormals.count, negatives: step.normals)
            overlap.add(normals: step.normals, regions: step.abnormals)
            hits += step.abnormals.count
            alarms += step.normals
            if !step.abnormals.isEmpty { maximum = max(maximum, dice(hits, predicted: hits + alarms)) }
        }
        (auc, averagePrecision) = (areas.auc, areas.averagePrecision)
        bestDice = best.dice
        bestThreshold = PixelRanking.score(of: best.key)
        maximalDice = maximum
        regionOverlap = overlap.area
    }

    /// The metrics by the names that results have.
    public var byName: [String: Double] {
        [
            "pixel_auc": auc, "pixel_ap": averagePrecision, "best_dice": bestDice, "best_threshold": Double(bestThreshold),
            "dice_max": maximalDice, "aupro": regionOverlap,
        ]
    }
}
