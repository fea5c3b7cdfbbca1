import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Folders that files can be written to, as far as that can be known before they are.
public enum WritableFolder {
    /// Makes a folder, with those that lead to it.
    /// - Throws: ``FileError`` that names the folder.
    public static func make(_ folder: URL, mode: mode_t = 0o777) throws(FileError) {
        var missing: [String] = []
        var path = folder.absoluteURL.standardizedFileURL.path
        while path.hasPrefix("/"), path != "/", access(path, F_OK) != 0 {
            missing.append(path)
            path = URL(filePath: path).deletingLastPathComponent().path
        }
        for part in missing.reversed() where mkdir(part, mode) != 0 && errno != EEXIST {
            throw FileError("make the folder", part)
        }
    }

    /// Makes a folder and tries whether a file can be written there: permissions do not tell of read-only file systems and quotas.
    /// - Throws: ``FileError`` that names the folder.
    public static func check(_ folder: URL) throws(FileError) {
        try make(folder)
        let file = DurableFile.temporaryName(for: folder.appending(path: "probe"))
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("write to", folder.path) }
        defer {
            close(descriptor)
            unlink(file)
        }
        do throws(FileError) {
            try DurableFile.append(Data(count: 4096), to: descriptor, name: file)
        } catch {
            throw FileError("write to", folder.path, code: error.code)
        }
    }

    /// Bytes that this user can still write below a folder; `nil`: the system does not tell.
    public static func room(in folder: URL) -> Int64? {
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    /// A folder below `parent` for this user's files only, which nobody else may read or put in the way.
    /// - Throws: ``FileError`` that names the folder.
    public static func makePrivate(in parent: URL) throws(FileError) -> URL {
        let folder = parent.appending(path: "medsweep-\(geteuid())", directoryHint: .isDirectory)
        try make(parent)
        guard mkdir(folder.path, 0o700) == 0 || errno == EEXIST else { throw FileError("make the folder", folder.path) }
        var status = stat()
        guard lstat(folder.path, &status) == 0 else { throw FileError("look at", folder.path) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw FileError("use, since it is not this user's alone,", folder.path, code: EACCES)
        }
        return folder
    }
}
