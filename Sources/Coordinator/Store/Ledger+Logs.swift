import Foundation
import Sweep
import Wire

/// What jobs write while they run, and how they learn.
extension Ledger {
    /// Bytes of a job's log that are kept, counted from its end.
    static let logLimit: Int64 = 256 << 10
    /// The same once the job is done and hardly anybody looks.
    static let finishedLogLimit: Int64 = 32 << 10

    /// Appends what is new of a piece to the job's log. A piece that comes twice, in part or whole, is taken once.
    func append(_ piece: LogPiece, to job: Int64, token: Int64, keeping limit: Int64 = logLimit) throws {
        let last = try connection.row(
            "SELECT place, length, token, told FROM job_logs WHERE job = ? ORDER BY place DESC LIMIT 1", [.integer(job)])
        let end = last.map { $0.integer(0) + $0.integer(1) } ?? 0
        // An older attempt that is late has nothing to add to what a newer one tells.
        if let last, last.integer(2) > token { return }
        let told = last.map { $0.integer(2) == token ? $0.integer(3) : 0 } ?? 0
        var text = piece.text.replacing("\0", with: "\u{FFFD}")
        if text.utf8.count > LogPiece.limit { text = String(decoding: text.utf8.suffix(LogPiece.limit), as: UTF8.self) }
        if piece.offset < told {
            text = String(decoding: text.utf8.dropFirst(Int(clamping: told - piece.offset)), as: UTF8.self)
        } else if piece.offset > told {
            text = "… \(piece.offset - told) bytes were written faster than they could be sent …\n" + text
        }
        guard !text.isEmpty else { return }
        let length = Int64(text.utf8.count)
        try connection.run(
            "INSERT INTO job_logs (job, place, length, token, told, text) VALUES (?, ?, ?, ?, ?, ?)",
            [.integer(job), .integer(end), .integer(length), .integer(token), .integer(max(told, piece.end)), .text(text)])
        let first = end + length - limit
        if first > 0 {
            // Whole pieces: what is older than the limit in part stays in part.
            try connection.run("DELETE FROM job_logs WHERE job = ? AND place + length <= ?", [.integer(job), .integer(first)])
        }
    }

    /// The log behind `after` bytes; negative: its last `-after` bytes.
    func log(_ prefix: String, after: Int64) throws -> LogPage {
        let entry = try found(prefix)
        let last = try connection.row(
            "SELECT place, length FROM job_logs WHERE job = ? ORDER BY place DESC LIMIT 1", [.integer(entry.id)])
        let end = last.map { $0.integer(0) + $0.integer(1) } ?? 0
        let place = after < 0 ? max(0, end + max(after, -Self.logLimit)) : after
        var bytes: [UInt8] = []
        for row in try connection.rows(
            "SELECT place, text FROM job_logs WHERE job = ? AND place + length > ? ORDER BY place", [.integer(entry.id), .integer(place)])
        {
            bytes += row.text(1).utf8.dropFirst(Int(clamping: max(0, place - row.integer(0))))
        }
        // A place in the middle of a character begins with the next one.
        let text = String(decoding: bytes.drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
        return LogPage(text: text, next: end, isEnded: entry.record.state.isFinal, state: entry.record.state)
    }

    /// Remembers points of a job's curves.
    func note(_ points: [CurvePoint], of job: Int64) throws {
        for point in points.prefix(CurvePoint.limit) where point.work > 0 {
            try connection.run(
                """
                INSERT INTO job_curves (job, work, loss, auc) VALUES (?, ?, ?, ?)
                ON CONFLICT (job, work) DO UPDATE SET loss = coalesce(excluded.loss, job_curves.loss),
                    auc = coalesce(excluded.auc, job_curves.auc)
                """,
                [.integer(job), .int(point.work), .real(point.loss), .real(point.auc)])
        }
    }

    /// The curves of a job, of long ones a choice of points.
    func curve(of job: Int64) throws -> [CurvePoint]? {
        let points = try connection.rows(
            "SELECT work, loss, auc FROM job_curves WHERE job = ? ORDER BY work", [.integer(job)]
        ).map { CurvePoint(work: $0.int(0), loss: $0.optionalReal(1), auc: $0.optionalReal(2)) }
        return points.isEmpty ? nil : CurvePoint.thinned(points)
    }

    /// Takes what came with a job's result, and keeps less of it: the losses are in the result.
    func finishLog(of job: Int64, _ request: ResultRequest) throws {
        if let points = request.curve { try note(points, of: job) }
        // A worker that writes no log has told of no curves either, and need not pay for looking.
        guard let piece = request.log else { return }
        try append(piece, to: job, token: request.token.number, keeping: Self.finishedLogLimit)
        try connection.run("DELETE FROM job_curves WHERE job = ? AND auc IS NULL", [.integer(job)])
    }
}
