import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The bytes of a file of unknown origin: read piece by piece, as they are asked for, and only where they are.
final class ByteSource {
    /// What to call the file in messages.
    let name: String
    /// Number of bytes.
    let count: Int
    private let descriptor: Int32
    private let memory: [UInt8]

    /// Opens a file.
    /// - Throws: ``TorchError`` that names the file when it is not a regular file or must not be read.
    init(_ file: URL) throws(TorchError) {
        name = file.path
        memory = []
        // Without blocking, or a pipe nobody writes to would hold the reader for good.
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw TorchError("cannot open the weights '\(file.path)': \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw TorchError("cannot open the weights '\(file.path)': it is not a file")
        }
        self.descriptor = descriptor
        count = Int(status.st_size)
    }

    /// Bytes in memory.
    init(_ bytes: [UInt8], name: String) {
        self.name = name
        count = bytes.count
        descriptor = -1
        memory = bytes
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The error for a file that is not what it should be.
    /// - Parameter reason: may have names from the file in it, whatever they are.
    func broken(_ reason: String) -> TorchError {
        let shown = String(String.UnicodeScalarView(reason.unicodeScalars.prefix(400).map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
        return TorchError("cannot read the weights '\(name)': \(shown)")
    }

    /// Fills `target` with the bytes from `offset` on.
    /// - Throws: ``TorchError`` that names the file when they are not all there.
    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(TorchError) {
        guard offset >= 0, offset <= count, target.count <= count - offset else {
            throw broken("it ends after \(count) bytes, in the middle of what it should hold")
        }
        guard target.count > 0 else { return }
        guard descriptor >= 0 else {
            memory.withUnsafeBytes { target.copyMemory(from: .init(rebasing: $0[offset..<offset + target.count])) }
            return
        }
        var done = 0
        while done < target.count {
            let got = pread(descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw broken(String(cString: strerror(errno))) }
            guard got > 0 else { throw broken("it became shorter while it was read") }
            done += got
        }
    }

    /// The `count` bytes from `offset` on.
    func bytes(at offset: Int, count: Int) throws(TorchError) -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
            throw broken("it ends after \(self.count) bytes, in the middle of what it should hold")
        }
        var failure: TorchError?
        let result = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
            do throws(TorchError) {
                try read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[..<count]))
                filled = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }
}

extension ArraySlice<UInt8> {
    /// The little-endian number of the first `width` bytes from `offset` on, which must be there.
    func number(at offset: Int, width: Int) -> UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(self[startIndex + offset + $1]) << UInt64(8 * $1) }
    }
}
