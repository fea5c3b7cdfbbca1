import DurableFiles
import Foundation

/// A folder that is written under another name and appears as a whole.
enum ExportFolder {
    /// The file by which an export is known.
    static let marker = "medsweep-export.json"

    /// Refuses a place that is taken: by anything without `force`, with it by anything but an export or an empty folder.
    static func check(_ place: URL, force: Bool) throws {
        let files = FileManager.default
        guard files.fileExists(atPath: place.path) else { return }
        let isExport = files.fileExists(atPath: place.appending(path: marker).path)
        guard isExport || (try? files.contentsOfDirectory(atPath: place.path))?.isEmpty == true else {
            throw Failure(.cannotCreate, "'\(place.path)' is there already and no export; name a folder that is not there")
        }
        guard force else {
            throw Failure(.cannotCreate, "'\(place.path)' is there already; name another folder, or replace it with --force")
        }
    }

    /// Calls `body` with a temporary folder beside `place` and gives it its name; nothing is left behind when that fails.
    static func make(_ place: URL, force: Bool, _ body: (_ temporary: URL) throws -> Void) throws {
        let files = FileManager.default
        try create(place.deletingLastPathComponent())
        let temporary = URL(filePath: DurableFile.temporaryName(for: place), directoryHint: .isDirectory)
        defer { try? files.removeItem(at: temporary) }
        try create(temporary)
        try body(temporary)
        // Somebody may have taken the place meanwhile.
        try check(place, force: force)
        guard files.fileExists(atPath: place.path) else { return try DurableFile.publish(temporary.path, as: place) }
        let old = URL(filePath: DurableFile.temporaryName(for: place), directoryHint: .isDirectory)
        try DurableFile.publish(place.path, as: old)
        do {
            try DurableFile.publish(temporary.path, as: place)
        } catch {
            try? DurableFile.publish(old.path, as: place)
            throw error
        }
        try? files.removeItem(at: old)
    }

    /// Writes a file, or makes the folder that a URL with a slash at its end names.
    static func write(_ data: Data, to file: URL) throws {
        if file.hasDirectoryPath { return try create(file) }
        try create(file.deletingLastPathComponent())
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError("write", file.path) }
        defer { close(descriptor) }
        try DurableFile.append(data, to: descriptor, name: file.path)
    }

    private static func create(_ folder: URL) throws {
        try DurableFile.makeFolder(folder)
    }
}
