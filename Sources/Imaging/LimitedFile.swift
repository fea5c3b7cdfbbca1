import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Files of unknown origin: only regular ones, and only up to a size.
enum LimitedFile {
    /// A file's bytes.
    /// - Parameters:
    ///   - limit: the most bytes that are read.
    ///   - what: what the file should hold, for messages, e.g. "image".
    /// - Throws: ``ImagingError`` that names the file.
    static func read(_ file: URL, limit: Int, what: String) throws(ImagingError) -> [UInt8] {
        func failure(_ reason: String, _ kind: ImagingError.Kind = .access) -> ImagingError {
            ImagingError("cannot read the \(what) '\(file.path)': \(reason)", kind: kind)
        }
        // Without blocking, or a pipe nobody writes to would hold the reader for good.
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw failure("it is not a file") }
        guard status.st_size <= limit else { throw failure("it has more than \(limit >> 20) MiB; make it smaller", .content) }
        let size = Int(status.st_size)
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { target, count in
            count = 0
            while count < size {
                let got = Glibc.read(descriptor, target.baseAddress! + count, size - count)
                if got < 0, errno == EINTR { continue }
                if got < 0 { code = errno }
                guard got > 0 else { return }
                count += got
            }
        }
        guard code == 0 else { throw failure(String(cString: strerror(code))) }
        return bytes
    }
}
