import Foundation
import Synchronization
import Wire

/// What an attempt at a job has written, whole lines in the order in which they came: the training process's standard error
/// and its worker's own remarks. The beginning of a long one is let go.
final class JobLog: Sendable {
    /// The end of it that a failure is reported with.
    private static let tailLimit = 16 << 10
    /// A line without an end is taken as it is from here on.
    private static let lineLimit = 8 << 10

    private struct State {
        /// The last lines.
        var kept = Data()
        /// Bytes of all lines so far.
        var end: Int64 = 0
        /// What of the process's output is no whole line yet.
        var rest = Data()

        mutating func add(_ bytes: Data) {
            // Text as everyone takes it: no database stores a zero byte in one.
            let text = String(decoding: bytes, as: UTF8.self).replacing("\0", with: "\u{FFFD}")
            kept.append(contentsOf: text.utf8)
            end += Int64(text.utf8.count)
            if kept.count > 2 * LogPiece.limit { kept = Data(kept.suffix(LogPiece.limit)) }
        }
    }

    private let state = Mutex(State())

    /// Takes output of the training process.
    func append(_ piece: Data) {
        state.withLock { state in
            state.rest.append(piece)
            guard let end = state.rest.lastIndex(of: UInt8(ascii: "\n")) else {
                if state.rest.count > Self.lineLimit { Self.flush(&state) }
                return
            }
            state.add(Data(state.rest[state.rest.startIndex...end]))
            state.rest = Data(state.rest[(end + 1)...])
        }
    }

    /// Nothing more comes from the training process.
    func finish() { state.withLock { Self.flush(&$0) } }

    private static func flush(_ state: inout State) {
        guard !state.rest.isEmpty else { return }
        state.add(state.rest)
        state.rest = Data()
    }

    /// Adds a line with the time in front.
    func remark(_ text: String) {
        let line = Data("\(JobLog.line(text))\n".utf8)
        state.withLock { state in
            // A process that has not ended its line goes on in the next one.
            state.add(line)
        }
    }

    /// `2026-11-27T18:09:33Z text`, on one line.
    static func line(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return "\(Date.now.formatted(.iso8601)) \(words)"
    }

    /// At most the last 16 KiB.
    var tail: String { state.withLock { Self.text($0.kept, last: Self.tailLimit) } }

    /// What was written behind `offset` bytes, or as much of its end as one piece holds; `nil`: nothing.
    func piece(after offset: Int64) -> LogPiece? {
        state.withLock { state in
            let new = min(state.end - offset, Int64(state.kept.count), Int64(LogPiece.limit))
            guard new > 0 else { return nil }
            let text = Self.text(state.kept, last: Int(new))
            return LogPiece(offset: state.end - Int64(text.utf8.count), text: text)
        }
    }

    /// The last bytes as text, from the first whole character on.
    private static func text(_ bytes: Data, last count: Int) -> String {
        let part = bytes.suffix(count)
        return String(decoding: part.drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
    }
}
