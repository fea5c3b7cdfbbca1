import Catalogue
import Foundation
import Sweep
import Wire

/// What tables are made of.
extension Ledger {
    /// Rows read at a time, so that the text of a large sweep is never in memory at once.
    private static let rowsAtOnce = 10_000

    /// Every job of a sweep with its metrics, in the order of expansion.
    func resultRows(sweep name: String) throws -> [ResultRow] {
        let id = try sweep(named: name).id
        var result: [ResultRow] = []
        var reader = JobDescriptionReader()
        var place = -1
        while true {
            let rows = try connection.rows(
                """
                SELECT sweep_jobs.position, identity, jobs.job, state, metrics, engine FROM sweep_jobs JOIN jobs ON jobs.id = sweep_jobs.job
                WHERE sweep_jobs.sweep = ? AND sweep_jobs.position > ? ORDER BY sweep_jobs.position LIMIT ?
                """, [.integer(id), .int(place), .int(Self.rowsAtOnce)])
            for row in rows {
                result.append(
                    ResultRow(
                        identity: row.text(1), job: try reader.read(row.text(2)), state: JobState(rawValue: row.text(3)) ?? .cancelled,
                        metrics: try row.optionalText(4).map(MetricsReader.read), engine: row.optionalText(5).flatMap(EngineText.read)))
            }
            guard rows.count == Self.rowsAtOnce, let last = rows.last else { return result }
            place = last.int(0)
        }
    }
}

/// Reads the descriptions of many jobs that differ in little but their seeds: what stands before the seed is read once.
struct JobDescriptionReader {
    private var known: [Substring: JobDescription] = [:]
    /// Neighbours mostly differ in their seeds only, and comparing costs less than looking up.
    private var last: (beginning: Substring, job: JobDescription)?

    mutating func read(_ text: String) throws -> JobDescription {
        // The names are sorted, so that the seed comes last.
        let mark = #","seed":"#.utf8
        guard let place = text.utf8.lastIndex(of: UInt8(ascii: ",")), text.utf8[place...].starts(with: mark),
            let seed = Int(text[place...].dropFirst(mark.count).dropLast())
        else { return try WireCoding.decode(from: Data(text.utf8)) }
        let beginning = text[..<place]
        if last?.beginning != beginning {
            if known.count > 100_000 { known = [:] }
            let job = try known[beginning] ?? WireCoding.decode(from: Data(text.utf8))
            known[beginning] = job
            last = (beginning, job)
        }
        last!.job.seed = seed
        return last!.job
    }
}

/// Reads an object of numbers: a decoder for anything takes ten times as long, which tells with 100,000 of them.
enum MetricsReader {
    static func read(_ text: String) throws -> [String: Double] {
        var text = text
        let plain = text.withUTF8 { bytes -> [String: Double]? in
            var metrics: [String: Double] = [:]
            var place = 0
            func skip() { while place < bytes.count, bytes[place] <= UInt8(ascii: " ") { place += 1 } }
            func take(_ character: Unicode.Scalar) -> Bool {
                skip()
                guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
                place += 1
                return true
            }
            guard take("{") else { return nil }
            if take("}") { return metrics }
            repeat {
                guard take("\"") else { return nil }
                let start = place
                while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
                    if bytes[place] == UInt8(ascii: "\\") { return nil }
                    place += 1
                }
                let name = String(decoding: bytes[start..<place], as: UTF8.self)
                guard take("\""), take(":") else { return nil }
                skip()
                let begin = place
                while place < bytes.count, bytes[place] != UInt8(ascii: ","), bytes[place] != UInt8(ascii: "}"), bytes[place] > UInt8(ascii: " ") { place += 1 }
                guard let value = Double(String(decoding: bytes[begin..<place], as: UTF8.self)) else { return nil }
                metrics[name] = value
            } while take(",")
            return take("}") ? metrics : nil
        }
        return try plain ?? WireCoding.decode(from: Data(text.utf8))
    }
}
