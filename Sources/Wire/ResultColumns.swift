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
        /// Places in ``ResultColumns/engines``; `null` where a job has no result.
        public var engines: [Int?]

        fileprivate mutating func add(_ rows: ArraySlice<ResultRow>, _ compared: Set<String>, engine: (EngineClass) -> Int) {
            var names = Set(metrics.keys)
            for row in rows { names.formUnion((row.metrics ?? [:]).keys) }
            for name in names where compared.contains(name) {
                metrics[name, default: Array(repeating: nil, count: seeds.count)] += rows.map { $0.metrics?[name] }
            }
            for row in rows {
                engines.append(row.engine.map(engine))
                seeds.append(row.job.seed)
                identities += row.identity
                states.append(row.state.letter)
            }
        }
    }

    /// In the order of the first job of each.
    public var groups: [Group]
    /// The engine classes that results come from.
    public var engines: [EngineClass]

    public init(_ rows: [ResultRow]) {
        var places: [JobDescription: Int] = [:]
        var groups: [Group] = []
        var engines: [EngineClass] = []
        var engineNumbers: [EngineClass: Int] = [:]
        let compared = Set(Catalogue.comparedMetrics.map(\.name))
        for run in ResultRow.runs(rows) {
            var key = run.first!.job
            key.seed = 0
            let place = places[key] ?? groups.count
            if place == groups.count {
                places[key] = place
                groups.append(Group(job: run.first!.job, seeds: [], identities: "", states: "", metrics: [:], engines: []))
            }
            groups[place].add(run, compared) { engine in
                if let known = engineNumbers[engine] { return known }
                engineNumbers[engine] = engines.count
                engines.append(engine)
                return engines.count - 1
            }
        }
        self.groups = groups
        self.engines = engines
    }

    /// The JSON of it, as an encoder writes it too, which takes several times as long over columns of numbers.
    /// - Throws: `EncodingError` for a description that cannot be written.
    public func json() throws -> String {
        func text(_ value: some Encodable) throws -> String { String(decoding: try WireCoding.encode(value), as: UTF8.self) }
        func list<Element>(_ elements: [Element], into json: inout String, _ word: (Element) -> String) {
            json += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { json += "," }
                json += word(element)
            }
            json += "]"
        }
        var json = #"{"engines":\#(try text(engines)),"groups":["#
        for (index, group) in groups.enumerated() {
            json += (index == 0 ? "{" : ",{") + #""engines":"#
            list(group.engines, into: &json) { $0.map(String.init) ?? "null" }
            json += #","identities":"\#(group.identities)","job":\#(try text(group.job)),"metrics":{"#
            for (place, (name, values)) in group.metrics.sorted(by: { $0.key < $1.key }).enumerated() {
                json += "\(place == 0 ? "" : ",")\(try text(name)):"
                list(values, into: &json) { $0.map { $0.isFinite ? "\($0)" : "null" } ?? "null" }
            }
            json += #"},"seeds":"#
            list(group.seeds, into: &json) { String($0) }
            json += #","states":\#(try text(group.states))}"#
        }
        return json + "]}"
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
                let state = JobState(letter: states[place]) ?? .cancelled
                var metrics: [String: Double] = [:]
                for (name, values) in group.metrics where place < values.count { metrics[name] = values[place] }
                let engine = place < group.engines.count ? group.engines[place] : nil
                return ResultRow(
                    identity: identity, job: job, state: state, metrics: state == .done ? metrics : nil,
                    engine: engine.flatMap { engines.indices.contains($0) ? engines[$0] : nil })
            }
        }
    }
}
