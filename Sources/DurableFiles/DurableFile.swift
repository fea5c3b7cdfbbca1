import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// What a file operation failed with.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence that names the file.
    public let description: String
    /// `errno`, e.g. `ENOSPC`.
    public let code: Int32

    public init(_ action: String, _ path: String, code: Int32 = errno) {
        self.description = "cannot \(action) '\(path)': \(String(cString: strerror(code)))"
        self.code = code
    }
}

/// Files that are either there in whole or not at all, and stay there through a power cut.
public enum DurableFile {
    /// Writes `data` under a temporary name beside `url`, syncs it and renames it to `url`.
    /// - Throws: ``FileError``; nothing is left behind then.
    public static func write(_ data: Data, to url: URL) throws(FileError) {
        let temporary = temporaryName(for: url)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError("write", temporary) }
        do throws(FileError) {
            defer { close(descriptor) }
            try append(data, to: descriptor, name: temporary)
            guard fsync(descriptor) == 0 else { throw FileError("sync", temporary) }
        } catch {
            unlink(temporary)
            throw error
        }
        try publish(temporary, as: url)
    }

    /// Writes all of `data` to an open file.
    /// - Parameter name: what to call the file in messages.
    public static func append(_ data: Data, to descriptor: Int32, name: String) throws(FileError) {
        var rest = data[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw FileError("write", name) }
            rest = rest.dropFirst(written)
        }
    }

    /// A name beside `url` that no other process uses.
    public static func temporaryName(for url: URL) -> String {
        let unique = UInt64.random(in: 0 ... .max)
        return url.deletingLastPathComponent().path + "/.\(url.lastPathComponent).\(getpid()).\(unique).partial"
    }

    /// Renames a synced temporary file or folder to its real name and syncs the folder they are in.
    /// - Throws: ``FileError``; the temporary file is removed then.
    public static func publish(_ temporary: String, as url: URL) throws(FileError) {
        guard rename(temporary, url.path) == 0 else {
            let failure = FileError("rename to", url.path)
            unlink(temporary)
            throw failure
        }
        try sync(url.deletingLastPathComponent())
    }

    /// Syncs a file's bytes, or a folder's entries.
    public static func sync(_ url: URL) throws(FileError) {
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", url.path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError("sync", url.path) }
    }
}
