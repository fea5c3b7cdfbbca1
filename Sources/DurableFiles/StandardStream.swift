import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Standard output or standard error, as the process was given it: open, closed, full or with nobody at its other end.
public struct StandardStream: Sendable {
    /// Its file descriptor.
    public let descriptor: Int32
    private let name: String

    public static let output = StandardStream(descriptor: STDOUT_FILENO, name: "standard output")
    public static let error = StandardStream(descriptor: STDERR_FILENO, name: "standard error")

    /// To be called first in a program: puts something in the place of those standard streams that are closed. Else the next file
    /// that is opened, be it the database, would take the place and be printed into.
    public static func fillClosed() {
        // What is open for reading only is written to as what is closed is: in vain, with an error.
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest that is free is this one, since those before it are open by now.
            _ = open("/dev/null", mode)
        }
    }

    /// From now on a pipe that nobody reads is an error, to be told from others, and not a signal.
    public static func reportClosedPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Writes all of `text`.
    /// - Throws: ``FileError`` with `EPIPE` when nobody reads any more, else with what stood in the way.
    public func write(_ text: String) throws(FileError) {
        try DurableFile.append(Data(text.utf8), to: descriptor, name: name)
    }
}
