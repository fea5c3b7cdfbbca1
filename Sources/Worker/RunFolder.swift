import DurableFiles
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// A folder of one run of a worker, held by a lock for as long as the run lives. What a dead one has left may be taken over.
final class RunFolder: Sendable {
    let url: URL
    private let lock: Int32

    private static let prefix = "run-"
    private static let lockName = "lock"

    private init(_ url: URL, lock: Int32) {
        self.url = url
        self.lock = lock
    }

    /// Makes a folder that no other run has.
    /// - Throws: ``FileError``: nothing can be written to `parent`, or its file system has no locks.
    convenience init(in parent: URL) throws(FileError) {
        try WritableFolder.make(parent)
        let url = parent.appending(path: "\(Self.prefix)\(UUID().uuidString)", directoryHint: .isDirectory)
        // It is locked before anybody can find it.
        let partial = URL(filePath: DurableFile.temporaryName(for: url), directoryHint: .isDirectory)
        guard mkdir(partial.path, 0o755) == 0 else { throw FileError("make the folder", partial.path) }
        let lock = open(partial.appending(path: Self.lockName).path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        do throws(FileError) {
            guard lock >= 0 else { throw FileError("write", partial.path) }
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw FileError("lock", partial.path) }
            try DurableFile.publish(partial.path, as: url)
        } catch {
            if lock >= 0 { close(lock) }
            try? FileManager.default.removeItem(at: partial)
            throw error
        }
        self.init(url, lock: lock)
    }

    /// The folders of runs that are dead, held from now on.
    static func orphans(in parent: URL) -> [RunFolder] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []
        return names.filter { $0.hasPrefix(prefix) }.sorted().compactMap { name in
            let url = parent.appending(path: name, directoryHint: .isDirectory)
            let lock = open(url.appending(path: lockName).path, O_RDWR | O_CLOEXEC)
            guard lock >= 0 else { return nil }
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
                close(lock)
                return nil
            }
            return RunFolder(url, lock: lock)
        }
    }

    /// What is in it, hidden files and the lock left out.
    var contents: [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.filter { !$0.hasPrefix(".") && $0 != Self.lockName }.sorted().map { url.appending(path: $0) }
    }

    /// Removes it with all that is in it.
    func remove() { try? FileManager.default.removeItem(at: url) }

    /// Removes it if nothing is left in it but what a killed run had begun to write.
    func removeIfEmpty() { if contents.isEmpty { remove() } }

    deinit { close(lock) }
}
