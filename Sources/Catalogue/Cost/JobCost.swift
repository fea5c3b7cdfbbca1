/// What a job takes, before it is run.
public struct JobCost: Sendable, Hashable {
    /// Training images that it sees, repetitions counted.
    public var trainingImages = 0.0
    /// Test images that it scores.
    public var scoredImages = 0.0
    /// Batches of either kind.
    public var steps = 0.0
    public var multiplyAccumulates = 0.0

    public init() {}

    /// - Parameter counts: how many images the data set has.
    /// - Returns: `nil` for a method whose networks ``NetworkCost`` does not know.
    public init?(_ job: JobDescription, counts: StudyCounts) {
        guard let network = NetworkCost(method: job.method, configuration: job.configuration) else { return nil }
        func integer(_ name: String) -> Int? { job.configuration[name]?.integerValue }
        let batch = Double(max(1, integer("batch_size") ?? 64))
        let train = Double(counts.train)
        scoredImages = Double(counts.testNormal + counts.testAbnormal)
        func epochs(_ count: Int) -> (images: Double, steps: Double) {
            (Double(count) * train, Double(count) * (train / batch).rounded(.up))
        }
        if let steps = integer("steps") {
            // As many whole passes as fit, then a part of one; the last batch of a pass is smaller.
            let perEpoch = max(1, (train / batch).rounded(.up))
            let whole = (Double(steps) / perEpoch).rounded(.down)
            trainingImages = whole * train + (Double(steps) - whole * perEpoch) * batch
            self.steps = Double(steps)
            multiplyAccumulates = trainingImages * network.training
        } else {
            let first = epochs(integer("epochs") ?? 0)
            let second = network.secondStage == nil ? (images: 0, steps: 0) : epochs(integer("encoder_epochs") ?? 0)
            trainingImages = first.images + second.images
            steps = first.steps + second.steps
            multiplyAccumulates = first.images * network.training + second.images * (network.secondStage ?? 0)
        }
        steps += (scoredImages / 64).rounded(.up)
        multiplyAccumulates += scoredImages * network.scoring
    }

    public static func += (sum: inout JobCost, other: JobCost) {
        sum.trainingImages += other.trainingImages
        sum.scoredImages += other.scoredImages
        sum.steps += other.steps
        sum.multiplyAccumulates += other.multiplyAccumulates
    }
}
