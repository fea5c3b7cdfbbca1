/// What the catalogue says of a number that every finished job may have.
public struct MetricDescription: Sendable, Hashable {
    /// The name in results and sweep files, e.g. `pixel_ap`.
    public let name: String
    /// The name in tables, e.g. `pixel AP`.
    public let title: String
    /// One line: what is measured.
    public let summary: String
    /// Whether it is a share in 0...1 that tables show in percent, higher being better.
    public let isShare: Bool

    init(_ name: String, title: String, isShare: Bool = true, _ summary: String) {
        self.name = name
        self.title = title
        self.summary = summary
        self.isShare = isShare
    }
}

extension Catalogue {
    /// All metrics in the order of tables, the image's first; those of pixels only where a data set has masks and the
    /// method has maps.
    public static let metrics: [MetricDescription] = [
        .init("auc", title: "AUC", "area under the ROC curve of image scores"),
        .init("ap", title: "AP", "average precision of image scores"),
        .init("pixel_ap", title: "pixel AP", "average precision of all pixels together"),
        .init("best_dice", title: "best Dice", "highest Dice over the study's 200 thresholds for the whole test set"),
        .init("dice_max", title: "maximal Dice", "highest Dice over all thresholds for the whole test set"),
        .init("pixel_auc", title: "pixel AUC", "area under the ROC curve of all pixels together"),
        .init("aupro", title: "AUPRO", "area under the per-region overlap up to a false positive rate of 0.3, over 0.3"),
        .init("best_threshold", title: "best threshold", isShare: false, "the threshold of best_dice"),
        .init("normal_score", title: "normal score", isShare: false, "mean score of normal images"),
        .init("abnormal_score", title: "abnormal score", isShare: false, "mean score of abnormal images"),
    ]

    /// A metric's name in tables; that of one that is not in the catalogue stands for itself.
    public static func title(ofMetric name: String) -> String { metrics.first { $0.name == name }?.title ?? name }

    /// The metrics that tables compare methods by.
    public static let comparedMetrics: [MetricDescription] = metrics.filter(\.isShare)
}
