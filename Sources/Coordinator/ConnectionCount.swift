import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// How many connections there are, and how many there may be.
final class ConnectionCount: Sendable {
    private let limit: Int
    private let count = Atomic(0)

    /// - Parameter limit: the most connections, if the process may have as many open files.
    init(limit: Int) {
        // What a coordinator opens besides its connections, and may have open twice in passing.
        let reserve = 64
        self.limit = min(limit, max(1, ConnectionCount.openFiles(atLeast: limit + reserve) - reserve))
    }

    /// Whether there is room for one more, which is counted then.
    func enter() -> Bool {
        let now = count.add(1, ordering: .relaxed).newValue
        if now <= limit { return true }
        leave()
        return false
    }

    func leave() { count.subtract(1, ordering: .relaxed) }

    /// How many files the process may have open, after asking for `wanted`.
    private static func openFiles(atLeast wanted: Int) -> Int {
        var files = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 else { return 1024 }
        if files.rlim_cur < rlim_t(wanted) {
            var raised = files
            raised.rlim_cur = min(rlim_t(wanted), files.rlim_max)
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { files = raised }
        }
        return Int(min(files.rlim_cur, rlim_t(Int32.max)))
    }
}
