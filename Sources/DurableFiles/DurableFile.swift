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
        let reason =
            switch code {
            case ENOSPC, EDQUOT: "there is no room left; make some, or name another place"
            case EACCES, EPERM: "this user may not; mend its permissions, or name another place"
            case EROFS: "it is on a disk that is read-only; name another place"
            case ENOENT, ENOTDIR: "its folder is not there; make it, or name another place"
            case EISDIR: "it is a folder; name a file"
            case EBADF: "it is closed"
            default: String(cString: strerror(code))
            }
        self.description = "cannot \(action) '\(path)': \(reason)"
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
        guard descriptor >= 0 else { throw FileError("write", url.path) }
        do throws(FileError) {
            defer { close(descriptor) }
            try append(data, to: descriptor, name: url.path)
            guard fsync(descriptor) == 0 else { throw FileError("sync", url.path) }
        } catch {
            unlink(temporary)
            throw error
        }
        try publish(temporary, as: url)
    }

    /// Writes `data` to what a person named: a plain file, or one that is not there yet, is there in whole or not at all as with
    /// ``write(_:to:)``, also at a link's end; a device, a pipe or a terminal is written to and stays what it is.
    /// - Throws: ``FileError``; with `EPIPE` when nobody reads the pipe any more.
    public static func write(_ data: Data, toNamed path: String) throws(FileError) {
        var link = stat()
        guard lstat(path, &link) == 0 else { return try write(data, to: URL(filePath: path)) }
        guard link.st_mode & S_IFMT != S_IFREG else { return try write(data, to: URL(filePath: path)) }
        // A link to an open file of this process, as /dev/stdout is one, is not a name of that file.
        let isProcess = (try? FileManager.default.destinationOfSymbolicLink(atPath: path))?.hasPrefix("/proc/") == true
        var target = stat()
        if !isProcess, link.st_mode & S_IFMT == S_IFLNK {
            if stat(path, &target) == 0, target.st_mode & S_IFMT == S_IFREG, let place = realpath(path, nil) {
                defer { free(place) }
                return try write(data, to: URL(filePath: String(cString: place)))
            }
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0o644)
        guard descriptor >= 0 else { throw FileError("write", path) }
        defer { close(descriptor) }
        try append(data, to: descriptor, name: path)
    }

    /// Writes all of `data` to an open file.
    /// - Parameter name: what to call the file in messages.
    public static func append(_ data: Data, to descriptor: Int32, name: String) throws(FileError) {
        var rest = data[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if written < 0, errno == EINTR { continue }
            if written < 0, errno == EAGAIN {
                // Somebody else's end of a terminal or pipe may have been set not to wait.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wait, 1, -1)
                continue
            }
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
