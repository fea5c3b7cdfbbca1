import Catalogue
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

    /// Unicode scalars of a name: a worker's, a host's, an operator's, a data set's.
    static let nameLength = 200
    /// Unicode scalars of a sentence. Of a longer error the beginning is kept.
    static let sentenceLength = 4096
    /// Names in a list: tags, weights, methods, data sets.
    static let mostNames = 10_000
    /// Files and notes of a result.
    static let mostArtefacts = 100
    static let mostNotes = 100
    /// A sweep file's bytes.
    static let sourceBytes = 4 << 20
    /// Unicode scalars of a sweep file's name, and of an override, of which there are so many.
    static let fileLength = 1000
    static let overrideLength = 100_000
    static let mostOverrides = 1000

    /// Refuses a body's text that is too long.
    static func require(_ text: String, _ name: String, atMost length: Int = nameLength) throws(Problem) {
        guard text.utf8.count > length, text.unicodeScalars.count > length else { return }
        throw Problem(
            status: 400, title: "bad body",
            detail: "'\(name)' may have at most \(length) characters, not \(text.unicodeScalars.count)")
    }

    /// Refuses a body's list of names that is too long, or has names that are.
    static func require(_ names: some Collection<String>, _ name: String) throws(Problem) {
        guard names.count <= mostNames else {
            throw Problem(
                status: 400, title: "bad body", detail: "'\(name)' may have at most \(mostNames) names, not \(names.count)")
        }
        for text in names { try require(text, name) }
    }

    static func require(_ platform: EngineClass.Platform, _ name: String) throws(Problem) {
        try require([platform.device, platform.libtorch, platform.kernels], name)
    }

    static func require(_ contents: [String: DatasetContent], _ name: String) throws(Problem) {
        try require(contents.keys, name)
        try require(contents.values.map(\.fingerprint), "\(name).fingerprint")
    }

    /// Refuses a body's value out of its range.
    static func require<Value>(_ value: Value?, in range: ClosedRange<Value>, _ name: String) throws(Problem) {
        if let value, !range.contains(value) {
            throw Problem(
                status: 400, title: "bad body",
                detail: "'\(name)' must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
    }
}
