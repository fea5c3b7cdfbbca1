import Foundation

#if canImport(Glibc)
import Glibc
#endif

extension FileError {
    /// What Foundation failed with, in the system's own words: its errors wrap the system's.
    public init(_ action: String, _ path: String, _ error: any Error) {
        self.init(action, path, code: FileError.systemCode(of: error) ?? EIO)
    }

    /// The `errno` behind an error of Foundation's; `nil` where there is none.
    public static func systemCode(of error: any Error) -> Int32? {
        let error = error as NSError
        if error.domain == NSPOSIXErrorDomain { return Int32(truncatingIfNeeded: error.code) }
        if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError, let code = systemCode(of: cause) { return code }
        guard error.domain == NSCocoaErrorDomain else { return nil }
        switch CocoaError.Code(rawValue: error.code) {
        case .fileNoSuchFile, .fileReadNoSuchFile: return ENOENT
        case .fileReadNoPermission, .fileWriteNoPermission: return EACCES
        case .fileWriteOutOfSpace: return ENOSPC
        case .fileWriteVolumeReadOnly: return EROFS
        case .fileWriteFileExists: return EEXIST
        default: return nil
        }
    }
}

extension DurableFile {
    /// Makes a folder and those that it lies in, as far as they are not there.
    /// - Throws: ``FileError`` that names the folder.
    public static func makeFolder(_ url: URL) throws(FileError) {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw FileError("make the folder", url.path, error)
        }
    }

    /// The bytes of a file.
    /// - Throws: ``FileError`` that names the file.
    public static func read(_ url: URL) throws(FileError) -> Data {
        do {
            return try Data(contentsOf: url)
        } catch {
            throw FileError("read", url.path, error)
        }
    }
}
