/// Keeps a job that asks for much from waiting for ever behind smaller ones: when the first job of the queue does not fit what a
/// worker has left, others that come behind it are given instead, but only so many. From then on that worker is given
/// nothing else of that priority or less, until what it holds has ended and the job fits.
public struct Overtaking: Sendable, Hashable {
    /// Jobs that may go before one that came first.
    public static let limit = 8

    /// The job that is overtaken.
    public let job: Int64
    /// How many went before it.
    public let count: Int

    public init(job: Int64, count: Int = 0) {
        self.job = job
        self.count = count
    }

    /// Whether nothing may go before the job any more.
    public var isOver: Bool { count >= Overtaking.limit }

    /// What a worker remembers after it was given jobs.
    /// - Parameters:
    ///   - before: what it remembered.
    ///   - passedOver: the jobs that did not fit, but would if the worker did nothing else, the first of the queue first; each
    ///     with the number of jobs that were given after it.
    public static func after(_ before: Overtaking?, passedOver: [(job: Int64, overtakers: Int)]) -> Overtaking? {
        // The one that has waited longest stays the one that is looked after, whatever else does not fit.
        if let before, let same = passedOver.first(where: { $0.job == before.job }) {
            return Overtaking(job: before.job, count: before.count + same.overtakers)
        }
        return passedOver.first.map { Overtaking(job: $0.job, count: $0.overtakers) }
    }
}
