/// The file ``JobFile/scores``: one entry a test image, in the data set's order.
public struct ImageScores: Codable, Sendable, Hashable {
    /// File names of the test images.
    public var names: [String]
    /// 0: normal, 1: abnormal.
    public var labels: [Int]
    /// Higher is more abnormal.
    public var scores: [Double]

    public init(names: [String], labels: [Int], scores: [Double]) {
        self.names = names
        self.labels = labels
        self.scores = scores
    }

    private enum CodingKeys: CodingKey { case names, labels, scores }

    /// - Throws: `DecodingError`, also when the lists are not of one length.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        names = try container.decode([String].self, forKey: .names)
        labels = try container.decode([Int].self, forKey: .labels)
        scores = try container.decode([Double].self, forKey: .scores)
        guard names.count == scores.count, labels.count == scores.count else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(scores.count) scores, \(labels.count) labels, \(names.count) names"))
        }
    }
}
