import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A disk of a few megabytes, in memory, mounted on a folder.
public final class SmallDisk: Sendable {
    private let folder: URL
    private let isFull = Mutex(false)
    private var filler: URL { folder.appending(path: "filler") }

    /// Whether this machine lets one be mounted.
    public static let isPermitted: Bool = {
        let place = URL.temporaryDirectory.appending(path: "medsweep-disk-\(UUID().uuidString)")
        guard (try? FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)) != nil else { return false }
        defer { try? FileManager.default.removeItem(at: place) }
        return (try? SmallDisk(on: place, megabytes: 1)) != nil
    }()

    public init(on folder: URL, megabytes: Int) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.folder = folder
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    /// Leaves not a byte free, and takes what is given back, until ``free()``.
    public func fill() {
        takeAll()
        isFull.withLock { $0 = true }
        Thread.detachNewThread { [weak self] in
            while self?.keepFull() == true { usleep(1000) }
        }
    }

    private func keepFull() -> Bool {
        isFull.withLock { isFull in
            if isFull { takeAll() }
            return isFull
        }
    }

    private func takeAll() {
        let descriptor = open(filler.path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        for size in [1 << 16, 1] {
            let bytes = [UInt8](repeating: 0, count: size)
            while write(descriptor, bytes, size) > 0 {}
        }
    }

    public func free() throws {
        isFull.withLock { $0 = false }
        try FileManager.default.removeItem(at: filler)
    }

    /// Takes the disk away, whoever still has files open there.
    public func end() {
        isFull.withLock { $0 = false }
        umount2(folder.path, Int32(MNT_DETACH))
    }

    deinit { end() }
}
