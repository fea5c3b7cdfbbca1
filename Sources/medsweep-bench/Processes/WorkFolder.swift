import Foundation

/// A folder for everything that the bench writes, gone when it ends.
final class WorkFolder {
    let url: URL

    /// - Throws: ``BenchError`` when the folder is in memory: nothing is synced there, and the numbers would be wrong.
    init(in parent: String) throws {
        url = URL(filePath: parent, directoryHint: .isDirectory).appending(path: "medsweep-bench-\(UUID().uuidString.prefix(8))")
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw BenchError("cannot write to '\(parent)'; choose another folder with --folder")
        }
        if ["tmpfs", "ramfs"].contains(Self.fileSystem(of: url)) {
            throw BenchError("'\(parent)' is in memory, where nothing is synced; choose a folder on a disk with --folder")
        }
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// The kind of file system that a folder is on: that of the mount point with the longest path around it.
    private static func fileSystem(of folder: URL) -> String? {
        let path = folder.resolvingSymlinksInPath().path + "/"
        guard let mounts = try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) else { return nil }
        var found: (place: Substring, kind: String)?
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2, path.hasPrefix(fields[1] == "/" ? "/" : "\(fields[1])/") else { continue }
            if fields[1].count >= found?.place.count ?? 0 { found = (fields[1], String(fields[2])) }
        }
        return found?.kind
    }

    func sub(_ name: String) -> URL { url.appending(path: name) }

    /// Synced 4 KiB writes a second, one after the other: what the disk allows a store that syncs each change by itself.
    func syncRate() throws -> Double {
        let file = sub("sync").path
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw BenchError("cannot write to '\(file)'") }
        defer {
            close(descriptor)
            unlink(file)
        }
        let page = [UInt8](repeating: 1, count: 4096)
        var count = 0
        let start = MonotonicClock.seconds
        while MonotonicClock.seconds - start < 1 {
            guard write(descriptor, page, page.count) == page.count, fdatasync(descriptor) == 0 else {
                throw BenchError("cannot write to '\(file)'")
            }
            count += 1
        }
        return Double(count) / (MonotonicClock.seconds - start)
    }
}
