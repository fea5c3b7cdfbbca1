import DurableFiles
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Keeps processes from doing the same work at the same time. Nothing is wrong without it, only slow: where a lock cannot be
/// had, the work goes on.
enum FileLock {
    /// How long another's work is waited for before it is done once more, in seconds.
    private static let patience = 1800

    /// Calls `body` while no other process does so for the same file. The lock goes with the process that holds it.
    static func hold<Result>(beside file: URL, _ body: () throws -> Result) rethrows -> Result {
        let path = file.deletingLastPathComponent().path + "/.\(file.lastPathComponent).lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return try body() }
        defer {
            // Who waits at the file that is removed here finds the work done, or does it.
            unlink(path)
            close(descriptor)
        }
        for _ in 0..<patience * 20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK && errno != EINTR { break }
            usleep(50_000)
        }
        return try body()
    }
}
