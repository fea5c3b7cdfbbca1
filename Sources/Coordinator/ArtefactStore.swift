import Catalogue
import Crypto
import DurableFiles
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Files by the SHA-256 of their content. A file is under its name only when it is whole, verified and on disk.
struct ArtefactStore: Sendable {
    let folder: URL
    /// The most bytes of one file.
    let limit: Int64

    init(folder: URL, limit: Int64 = 2 << 30) {
        self.folder = folder
        self.limit = limit
    }

    /// Whether `name` is 64 lower-case hexadecimal digits. Nothing else from the network becomes part of a path.
    static func isDigest(_ name: String) -> Bool {
        name.utf8.count == 64 && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// The place of a digest that has been checked with ``isDigest(_:)``.
    func place(_ digest: String) -> URL {
        precondition(Self.isDigest(digest), "a digest")
        return folder.appending(path: String(digest.prefix(2))).appending(path: digest)
    }

    func exists(_ digest: String) -> Bool { FileManager.default.fileExists(atPath: place(digest).path) }

    /// Bytes of a file; `nil`: it is not there.
    func size(_ digest: String) -> Int64? {
        var status = stat()
        return stat(place(digest).path, &status) == 0 ? Int64(status.st_size) : nil
    }

    func remove(_ digest: String) { unlink(place(digest).path) }

    enum Refusal: Error {
        case wrongDigest
        case tooLarge(limit: Int64)
        case diskFull
    }

    /// Makes the folder that a file lies in.
    private func makeParent(of target: URL) throws {
        let parent = target.deletingLastPathComponent()
        if !FileManager.default.fileExists(atPath: parent.path) {
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            // A file is as lasting as the entries that lead to it.
            try DurableFile.sync(folder)
        }
    }

    /// Takes in a file piece by piece. Whatever goes wrong, nothing is left behind.
    /// - Returns: its size.
    /// - Throws: ``Refusal``, `FileError`, and what `pieces` throws.
    @discardableResult
    func store(_ digest: String, pieces: some AsyncSequence<Data, any Error>) async throws -> Int64 {
        let target = place(digest)
        try makeParent(of: target)
        var size: Int64 = 0
        let temporary = DurableFile.temporaryName(for: target)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.refusal(FileError("write", temporary)) }
        do {
            defer { close(descriptor) }
            var hash = SHA256()
            for try await piece in pieces {
                size += Int64(piece.count)
                guard size <= limit else { throw Refusal.tooLarge(limit: limit) }
                hash.update(data: piece)
                try DurableFile.append(piece, to: descriptor, name: temporary)
            }
            guard hash.finalize().hexadecimal == digest else { throw Refusal.wrongDigest }
            guard fsync(descriptor) == 0 else { throw FileError("sync", temporary) }
        } catch {
            unlink(temporary)
            throw Self.refusal(error)
        }
        try DurableFile.publish(temporary, as: target)
        return size
    }

    /// Seconds after which a file of which no further part came is let go.
    private static let partPatience = 86_400

    /// Takes in a part of a file, behind what is there of it. The last one makes it whole.
    /// - Returns: bytes of the file that are there, from its beginning on.
    /// - Throws: ``Refusal``, `FileError`, and what `pieces` throws.
    func store(
        _ digest: String, pieces: some AsyncSequence<Data, any Error>, at offset: Int64, of size: Int64
    ) async throws -> Int64 {
        guard size <= limit else { throw Refusal.tooLarge(limit: limit) }
        let target = place(digest)
        try makeParent(of: target)
        removeAbandonedParts(in: target.deletingLastPathComponent())
        let partial = target.deletingLastPathComponent().appending(path: ".\(digest).parts").path
        let descriptor = open(partial, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.refusal(FileError("write", partial)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError("look at", partial) }
        // Behind a gap it would be of no use; and two that send the same file send the same bytes.
        let fits = offset <= status.st_size && lseek(descriptor, off_t(offset), SEEK_SET) >= 0
        var left = size - offset
        for try await piece in pieces where fits {
            left -= Int64(piece.count)
            guard left >= 0 else { throw Refusal.tooLarge(limit: size) }
            do { try DurableFile.append(piece, to: descriptor, name: partial) } catch { throw Self.refusal(error) }
        }
        guard fstat(descriptor, &status) == 0, status.st_size >= size else { return Int64(status.st_size) }
        do {
            guard try Self.digest(of: descriptor) == digest else { throw Refusal.wrongDigest }
            guard fsync(descriptor) == 0 else { throw FileError("sync", partial) }
            // Whoever sent the same last part has published it.
            if !exists(digest) { try DurableFile.publish(partial, as: target) }
        } catch where !exists(digest) {
            unlink(partial)
            throw Self.refusal(error)
        }
        return size
    }

    private static func digest(of descriptor: Int32) throws -> String {
        var hash = SHA256()
        var place: off_t = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, place)
            guard count >= 0 else { throw FileError("read", "a part of a file") }
            if count == 0 { return hash.finalize().hexadecimal }
            hash.update(data: buffer[..<count])
            place += off_t(count)
        }
    }

    private func removeAbandonedParts(in folder: URL) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] where name.hasSuffix(".parts") {
            let path = folder.appending(path: name).path
            var status = stat()
            if stat(path, &status) == 0, time(nil) - status.st_mtim.tv_sec > Self.partPatience { unlink(path) }
        }
    }

    private static func refusal(_ error: any Error) -> any Error {
        if let file = error as? FileError, file.code == ENOSPC || file.code == EDQUOT { return Refusal.diskFull }
        return error
    }
}
