/// What a job takes, before it is run.
public struct JobCost: Sendable, Hashable {
    /// Training images that it sees, repetitions counted.
    public var trainingImages = 0.0
    /// Test images that it scores.
    public var scoredImages = 0.0
    /// Batches of either kind, and whatever else is done one after the other.
    public var steps = 0.0
    public var multiplyAccumulates = 0.0

    public init() {}

    /// - Parameters:
    ///   - counts: how many images the data set has.
    ///   - trains: whether the job trains its model, or is handed weights that another one has trained.
    /// - Returns: `nil` for a method that is not in the catalogue.
    public init?(_ job: JobDescription, counts: StudyCounts, trains: Bool = true) {
        guard let cost = Catalogue.method(job.method)?.cost(job.configuration) else { return nil }
        for stage in (trains ? cost.stages : []) + cost.scorerStages {
            let course = stage.course(over: counts.train)
            if case .perImage = stage.length {} else { trainingImages += course.units }
            steps += course.steps
            multiplyAccumulates += course.units * stage.perUnit
        }
        scoredImages = Double(counts.testNormal + counts.testAbnormal)
        steps += (scoredImages / 64).rounded(.up)
        multiplyAccumulates += scoredImages * cost.scoringPerImage
    }

    public static func += (sum: inout JobCost, other: JobCost) {
        sum.trainingImages += other.trainingImages
        sum.scoredImages += other.scoredImages
        sum.steps += other.steps
        sum.multiplyAccumulates += other.multiplyAccumulates
    }
}
