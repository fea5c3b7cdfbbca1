/// Scores sorted once, so that AUC and AP of any resample are one pass over counts.
struct RankedScores {
    /// The images of one class.
    struct Images {
        /// Of each image the place of its score among the different ones, the highest first.
        var places: [Int] = []
        let levels: Int
    }

    let abnormal: Images
    let normal: Images

    init?(_ scores: [Double], labels: [Int]) {
        guard scores.count == labels.count, scores.allSatisfy({ !$0.isNaN }) else { return nil }
        let levels = Set(scores).sorted(by: >)
        let place = Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, $0) })
        var (abnormal, normal) = (Images(levels: levels.count), Images(levels: levels.count))
        for (score, label) in zip(scores, labels) {
            if label == 0 { normal.places.append(place[score]!) } else { abnormal.places.append(place[score]!) }
        }
        guard !abnormal.places.isEmpty, !normal.places.isEmpty else { return nil }
        (self.abnormal, self.normal) = (abnormal, normal)
    }

    /// AUC and AP of so many images at each place.
    func areas(abnormal: [Int], normal: [Int]) -> (auc: Double, ap: Double) {
        var areas = RankingAreas(positives: abnormal.reduce(0, +), negatives: normal.reduce(0, +))
        for (hits, misses) in zip(abnormal, normal) where hits + misses > 0 { areas.add(positives: hits, negatives: misses) }
        return (areas.auc, areas.averagePrecision)
    }
}
