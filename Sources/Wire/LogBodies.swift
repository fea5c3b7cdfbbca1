import Sweep

/// Lines of an attempt's log, as its worker sends them.
public struct LogPiece: Codable, Sendable, Hashable {
    /// The most bytes of one piece.
    public static let limit = 64 << 10

    /// Bytes of the attempt's log before this piece. What was sent before and comes again is known by it; where it leaves a
    /// gap, the worker has written more than it could send.
    public var offset: Int64
    public var text: String

    public init(offset: Int64, text: String) {
        self.offset = offset
        self.text = text
    }

    /// Bytes of the attempt's log up to the end of this piece.
    public var end: Int64 { offset + Int64(text.utf8.count) }
}

/// A part of a job's log: of all its attempts, one after the other.
public struct LogPage: Codable, Sendable, Hashable {
    public var text: String
    /// Where the next page begins, in bytes of the whole log.
    public var next: Int64
    /// Whether the job has ended, and nothing more is to come unless it is tried again.
    public var isEnded: Bool
    /// How the job stands.
    public var state: JobState

    public init(text: String, next: Int64, isEnded: Bool, state: JobState) {
        self.text = text
        self.next = next
        self.isEnded = isEnded
        self.state = state
    }
}

/// A point of a job's learning curves.
public struct CurvePoint: Codable, Sendable, Hashable {
    /// The most points of one request, and of a curve that is shown.
    public static let limit = 512

    /// ``JobProgress/work`` done by then, from 1.
    public var work: Int
    /// Mean training loss of the epoch that ended there.
    public var loss: Double?
    /// Area under the ROC curve of the test images then, where the sweep has `evaluate_every`.
    public var auc: Double?

    public init(work: Int, loss: Double? = nil, auc: Double? = nil) {
        self.work = work
        self.loss = loss
        self.auc = auc
    }

    /// At most ``limit`` of the points, evenly chosen with the first and the last; those that have an AUC go before others.
    public static func thinned(_ points: [CurvePoint]) -> [CurvePoint] {
        func even(_ points: [CurvePoint], _ most: Int) -> [CurvePoint] {
            guard points.count > most else { return points }
            guard most > 1 else { return most == 1 ? [points[points.count - 1]] : [] }
            return (0..<most).map { points[$0 * (points.count - 1) / (most - 1)] }
        }
        guard points.count > limit else { return points }
        let rated = even(points.filter { $0.auc != nil }, limit)
        return (rated + even(points.filter { $0.auc == nil }, limit - rated.count)).sorted { $0.work < $1.work }
    }
}
