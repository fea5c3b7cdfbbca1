import Wire

/// What values in requests must keep to beyond their types. The OpenAPI document says the same.
enum RequestBounds {
    /// Whole numbers that every JSON library reads exactly (RFC 8259, 6).
    private static let exact = 9_007_199_254_740_991

    /// Jobs that a worker wants at most. More than ``mostLeases`` are not given at once.
    static let leaseLimit = 0...4096
    /// What a worker has or has left.
    static let threads = 0...1_000_000
    static let memory = 0...Int64(exact)
    static let mostLeases = 64
    /// Seconds that a request may wait for work or events.
    static let wait = 0.0...60.0
    static let priority = -1000...1000
    /// The position behind which a page of jobs begins.
    static let position = -1...exact
    /// The event, or the byte of a log, behind which a page begins; negative: so many of the last.
    static let event = -exact...exact
    /// Where a piece of a log begins.
    static let logOffset = 0...Int64(exact)
    /// Where a part of a file begins, and how large the file is.
    static let fileSize = 0...Int64(exact)
    /// Entries of a page.
    static let page = 1...1000
    /// Letters of a page of the dashboard's grid.
    static let gridPage = 1...100_000
    /// Digits of an identity by which operators name a job.
    static let identityDigits = 8...64

    /// Refuses a body's value out of its range.
    static func require<Value>(_ value: Value?, in range: ClosedRange<Value>, _ name: String) throws(Problem) {
        if let value, !range.contains(value) {
            throw Problem(
                status: 400, title: "bad body", detail: "'\(name)' must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
    }
}
