/// Two loss curves and what came of them.
struct Agreement {
    let ours: [Double]
    let theirs: [Double]
    let auc: Double
    let theirAUC: Double

    /// The largest difference of the first `count` losses over their size.
    func difference(first count: Int) -> Double {
        zip(ours, theirs).prefix(count).map { abs($0 - $1) / abs($1) }.max() ?? .infinity
    }
}
