import Catalogue
import Sweep

/// Every job of a sweep with the metrics that tables compare, in a form that 100,000 jobs are quickly written and read in: jobs
/// that differ in nothing but their seeds share their description.
public struct ResultColumns: Codable, Sendable, Hashable {
    /// Jobs alike but for their seeds; the columns are of one length.
    public struct Group: Codable, Sendable, Hashable {
        /// The first one's description.
        public var job: JobDescription
        public var seeds: [Int]
        /// All identities behind one another, 64 digits each: one text is read quicker than thousands.
        public var identities: String
        /// A letter a job: ``JobState/letter``.
        public var states: String
        /// By metric; `null` where a job has no result.
        public var metrics: [String: [Double?]]
    }

    /// In the order of the first job of each.
    public var groups: [Group]

    public init(_ rows: [ResultRow]) {
        var places: [JobDescription: Int] = [:]
        var groups: [Group] = []
        let compared = Set(Catalogue.comparedMetrics.map(\.name))
        for row in rows {
            var key = row.job
            key.seed = 0
            let place: Int
            if let known = places[key] {
                place = known
            } else {
                place = groups.count
                places[key] = place
                groups.append(Group(job: row.job, seeds: [], identities: "", states: "", metrics: [:]))
            }
            for (name, value) in row.metrics ?? [:] where compared.contains(name) {
                let missing = groups[place].seeds.count - (groups[place].metrics[name]?.count ?? 0)
                groups[place].metrics[name, default: []] += Array(repeating: nil, count: missing) + [value]
            }
            groups[place].seeds.append(row.job.seed)
            groups[place].identities += row.identity
            groups[place].states.append(row.state.letter)
        }
        for place in groups.indices {
            let count = groups[place].seeds.count
            for (name, values) in groups[place].metrics where values.count < count {
                groups[place].metrics[name] = values + Array(repeating: nil, count: count - values.count)
            }
        }
        self.groups = groups
    }

    /// Digits of an identity.
    private static let digits = 64

    /// One row a job, group by group. Of columns that are not of one length the shortest counts.
    public var rows: [ResultRow] {
        groups.flatMap { group in
            let (identities, states) = (Array(group.identities.utf8), Array(group.states))
            let count = min(group.seeds.count, identities.count / Self.digits, states.count)
            return (0..<count).map { place in
                var job = group.job
                job.seed = group.seeds[place]
                let identity = String(decoding: identities[place * Self.digits..<(place + 1) * Self.digits], as: UTF8.self)
                let state = JobState(letter: states[place]) ?? .failed
                var metrics: [String: Double] = [:]
                for (name, values) in group.metrics where place < values.count { metrics[name] = values[place] }
                return ResultRow(identity: identity, job: job, state: state, metrics: state == .done ? metrics : nil)
            }
        }
    }
}
