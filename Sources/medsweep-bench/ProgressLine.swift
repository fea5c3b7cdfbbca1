import Foundation

/// What is being measured, on one line of a terminal's standard error that is written over; line by line elsewhere.
final class ProgressLine {
    private let isTerminal = isatty(2) == 1
    private let start = MonotonicClock.seconds

    func show(_ text: String) {
        let line = "\(decimal(MonotonicClock.seconds - start, 0)) s: \(text)"
        FileHandle.standardError.write(Data((isTerminal ? "\r\u{1b}[K\(line)" : "\(line)\n").utf8))
    }

    func clear() {
        if isTerminal { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
    }
}
