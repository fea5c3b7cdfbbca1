import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Room on a disk.
enum DiskSpace {
    /// Bytes below which a coordinator is not well: a few results with their maps.
    static let low: Int64 = 1 << 30

    /// Bytes that an ordinary user may still write below `folder`; `nil`: it cannot be asked.
    static func free(_ folder: URL) -> Int64? {
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }
}
