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

    func remove(_ digest: String) { unlink(place(digest).path) }

    enum Refusal: Error {
        case wrongDigest
        case tooLarge(limit: Int64)
        case diskFull
    }

    /// Takes in a file piece by piece. Whatever goes wrong, nothing is left behind.
    /// - Throws: ``Refusal``, `FileError`, and what `pieces` throws.
    func store(_ digest: String, pieces: some AsyncSequence<Data, any Error>) async throws {
        let target = place(digest)
        let parent = target.deletingLastPathComponent()
        if !FileManager.default.fileExists(atPath: parent.path) {
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            // A file is as lasting as the entries that lead to it.
            try DurableFile.sync(folder)
        }
        let temporary = DurableFile.temporaryName(for: target)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.refusal(FileError("write", temporary)) }
        do {
            defer { close(descriptor) }
            var hash = SHA256()
            var size: Int64 = 0
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
    }

    private static func refusal(_ error: any Error) -> any Error {
        if let file = error as? FileError, file.code == ENOSPC || file.code == EDQUOT { return Refusal.diskFull }
        return error
    }
}
