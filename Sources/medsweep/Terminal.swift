import Foundation

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
        FileHandle.standardError.write(Data("medsweep: \(question) [y/N] ".utf8))
        return ["y", "yes"].contains(readLine()?.trimmingCharacters(in: .whitespaces).lowercased())
    }

    /// A line of result.
    static func print(_ text: String) {
        FileHandle.standardOutput.write(Data((text.hasSuffix("\n") ? text : text + "\n").utf8))
    }

    /// A line of remark.
    static func note(_ text: String) {
        FileHandle.standardError.write(Data("medsweep: \(text)\n".utf8))
    }

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
            FileHandle.standardError.write(Data("\r\u{1B}[2K\(text)".utf8))
        } else {
            guard ContinuousClock.now - written >= interval else { return }
            FileHandle.standardError.write(Data("\(text)\n".utf8))
            written = .now
        }
        last = text
    }

    /// Leaves the line empty for what is printed next.
    mutating func clear() {
        if Terminal.canRedraw, !last.isEmpty { FileHandle.standardError.write(Data("\r\u{1B}[2K".utf8)) }
        last = ""
    }
}
