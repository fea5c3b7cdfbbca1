/// The file ``JobFile/exampleRows``: what the rows of ``JobFile/examples`` show, all of one height.
public struct ExampleRows: Codable, Sendable, Hashable {
    /// One image of a job's test set.
    public struct Row: Codable, Sendable, Hashable {
        /// The image's file name.
        public var name: String
        /// 0: normal, 1: abnormal.
        public var label: Int
        public var score: Double
        /// `highest` or `lowest` scores of its class.
        public var end: String

        public init(name: String, label: Int, score: Double, end: String) {
            self.name = name
            self.label = label
            self.score = score
            self.end = end
        }
    }

    /// What the tiles of a row are, from the left: `input`, `reconstruction`, `map`, `mask`.
    public var columns: [String]
    public var rows: [Row]

    public init(columns: [String], rows: [Row]) {
        self.columns = columns
        self.rows = rows
    }
}
