import Datasets
import DurableFiles
import Foundation
import Torch

#if canImport(Glibc)
import Glibc
#endif

/// Features of pretrained networks on disk, in half precision, so that jobs which look at the same images through the same network
/// share one pass. The folder is kept within a limit; what was used longest ago goes first.
public struct FeatureCache: Sendable {
    private let directory: URL
    /// The SHA-256 of the data set's content.
    private let fingerprint: String
    /// Bytes that all files together may take; 0: none are kept.
    private let limit: Int64

    public init(directory: URL, fingerprint: String, limit: Int64) {
        self.directory = directory
        self.fingerprint = fingerprint
        self.limit = limit
    }

    /// The features of all training images.
    /// - Parameters:
    ///   - key: everything that decides on the features besides the data set's content.
    ///   - count: images.
    ///   - width: numbers of an image.
    /// - Returns: `nil` where there is no room for so many.
    func entry(_ key: [String], count: Int, width: Int) -> FeatureCacheEntry? {
        let bytes = Int64(count) * Int64(width) * 2 + Int64(FeatureCacheEntry.headerSize)
        guard bytes <= limit else { return nil }
        let name = ([String(fingerprint.prefix(32))] + key).joined(separator: "-").map {
            $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "_"
        }
        return FeatureCacheEntry(
            file: directory.appending(path: String(name) + ".f16"), count: count, width: width, room: limit - bytes)
    }
}

/// The features of one set of images: read where another job has left them, else written as they come.
final class FeatureCacheEntry {
    static let headerSize = 32
    private static let magic: UInt64 = 0x3631_4654_4145_464D

    private let file: URL
    private let count: Int
    private let width: Int
    /// Bytes that other files may take beside this one.
    private let room: Int64
    private lazy var whole: Data? = read()
    private var writer: (temporary: String, handle: FileHandle, checksum: Checksum, images: Int)?

    init(file: URL, count: Int, width: Int, room: Int64) {
        self.file = file
        self.count = count
        self.width = width
        self.room = room
    }

    deinit { abandon() }

    /// The features of the images of `range` as another job has left them, half precision `[range, width]`; `nil`: there are none.
    func features(_ range: Range<Int>) throws(TorchError) -> Tensor? {
        guard let whole, range.upperBound <= count else { return nil }
        let start = Self.headerSize + range.lowerBound * width * 2
        let bytes = [UInt8](whole[start..<start + range.count * width * 2])
        return try Tensor(bytes, shape: [range.count, width * 2]).reinterpreted(as: .half)
    }

    /// Keeps the features of the images of `range`, half precision `[range, width]`. Only what comes in order from the first image on
    /// to the last is kept; a disk that is full keeps none.
    func keep(_ features: Tensor, of range: Range<Int>) {
        guard whole == nil else { return }
        if range.lowerBound == 0, writer == nil { begin() }
        guard var current = writer, current.images == range.lowerBound else { return abandon() }
        do {
            try features.contiguous().withUnsafeBytes { bytes in
                let bytes = UnsafeRawBufferPointer(bytes)
                current.checksum.add(bytes)
                try current.handle.write(contentsOf: Data(bytes))
            }
            current.images = range.upperBound
            writer = current
            if current.images == count { try publish() }
        } catch {
            abandon()
        }
    }

    // MARK: The file

    private func header(_ checksum: UInt64) -> Data {
        [Self.magic, UInt64(count), UInt64(width), checksum].map(\.littleEndian).withUnsafeBytes { Data($0) }
    }

    private func read() -> Data? {
        guard let data = try? Data(contentsOf: file, options: .alwaysMapped), data.count == Self.headerSize + count * width * 2
        else { return nil }
        var checksum = Checksum()
        data.withUnsafeBytes { checksum.add(UnsafeRawBufferPointer(rebasing: $0.dropFirst(Self.headerSize))) }
        guard data.prefix(Self.headerSize) == header(checksum.value) else { return nil }
        // By its time of change it is known when it was last used.
        try? FileManager.default.setAttributes([.modificationDate: Date.now], ofItemAtPath: file.path)
        return data
    }

    private func begin() {
        try? FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        makeRoom()
        let temporary = DurableFile.temporaryName(for: file)
        guard FileManager.default.createFile(atPath: temporary, contents: Data(count: Self.headerSize)),
            let handle = FileHandle(forWritingAtPath: temporary)
        else { return }
        _ = try? handle.seekToEnd()
        writer = (temporary, handle, Checksum(), 0)
    }

    private func publish() throws {
        guard let current = writer else { return }
        try current.handle.seek(toOffset: 0)
        try current.handle.write(contentsOf: header(current.checksum.value))
        try current.handle.synchronize()
        try current.handle.close()
        writer = nil
        try DurableFile.publish(current.temporary, as: file)
    }

    private func abandon() {
        guard let current = writer else { return }
        try? current.handle.close()
        unlink(current.temporary)
        writer = nil
    }

    /// Removes what was used longest ago until this file fits, and what killed processes have left more than an hour ago.
    private func makeRoom() {
        let keys: Set<URLResourceKey> = [.contentModificationDateKey, .fileSizeKey]
        let folder = file.deletingLastPathComponent()
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: Array(keys))) ?? []
        var kept: [(url: URL, used: Date, size: Int64)] = []
        for url in files {
            guard let values = try? url.resourceValues(forKeys: keys), let used = values.contentModificationDate else { continue }
            if url.pathExtension == "partial" {
                if Date.now.timeIntervalSince(used) > 3600 { try? FileManager.default.removeItem(at: url) }
            } else if url.pathExtension == "f16" {
                kept.append((url, used, Int64(values.fileSize ?? 0)))
            }
        }
        kept.sort { $0.used > $1.used }
        var taken: Int64 = 0
        for entry in kept {
            taken += entry.size
            if taken > room { try? FileManager.default.removeItem(at: entry.url) }
        }
    }
}
