import DurableFiles
import Foundation
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// What the command writes to people: results on standard output, everything else on standard error.
enum Terminal {
    /// Whether standard output takes colours: it is a terminal and NO_COLOR is not set.
    static var hasColors: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    /// Whether standard error is a terminal, on which a line can be drawn over.
    static var canRedraw: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether standard output and error are one terminal that a picture can be drawn on.
    static var hasScreen: Bool { isatty(STDOUT_FILENO) == 1 && canRedraw && ProcessInfo.processInfo.environment["TERM"] != "dumb" }

    /// Columns and rows of the terminal; 80 and 24 when it does not tell.
    static var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Whether a person can be asked: standard input and error are terminals.
    static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Asks a question that only `y` or `yes` affirms.
    static func confirm(_ question: String) -> Bool {
        draw("medsweep: \(question.oneLine) [y/N] ")
        return ["y", "yes"].contains(readLine()?.trimmingCharacters(in: .whitespaces).lowercased())
    }

    /// Lines of result for people: whatever they hold, they do nothing to a terminal.
    /// - Throws: `FileError` when standard output takes nothing more.
    /// - Parameter isJSON: it is JSON, which has its own escapes and is printed as it is.
    static func print(_ text: String, isJSON: Bool = false) throws {
        if isJSON { return try write(text) }
        try write(text.split(separator: "\n", omittingEmptySubsequences: false).map(\.oneLine).joined(separator: "\n"))
    }

    /// A result as one line of JSON.
    static func print(json value: some Encodable) throws { try write(String(decoding: try WireCoding.encode(value), as: UTF8.self)) }

    /// A whole document as it is.
    static func write(_ document: String) throws { try StandardStream.output.write(document.hasSuffix("\n") ? document : document + "\n") }

    /// A line of remark.
    static func note(_ text: String) { draw("medsweep: \(text.plainLines.joined(separator: "\n"))\n") }

    /// What stands on standard error; where that is closed there is nobody to tell.
    static func draw(_ text: String) { try? StandardStream.error.write(text) }

    /// `95` → `1 min 35 s`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min \(whole % 60) s"
        case ..<172_800: return "\(whole / 3600) h \(whole % 3600 / 60) min"
        default: return "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
        }
    }
}

/// One line that says how far something is: drawn over on a terminal, else written anew now and then.
struct ProgressLine {
    private var last = ""
    /// What is over within the first interval needs no line.
    private var written = ContinuousClock.now
    /// Between lines where nothing can be drawn over.
    private let interval: Duration = .seconds(10)

    mutating func show(_ text: String) {
        if Terminal.canRedraw {
            guard text != last else { return }
            Terminal.draw("\r\u{1B}[2K\(text)")
        } else {
            guard ContinuousClock.now - written >= interval else { return }
            Terminal.draw("\(text)\n")
            written = .now
        }
        last = text
    }

    /// Leaves the line empty for what is printed next.
    mutating func clear() {
        if Terminal.canRedraw, !last.isEmpty { Terminal.draw("\r\u{1B}[2K") }
        last = ""
    }
}
