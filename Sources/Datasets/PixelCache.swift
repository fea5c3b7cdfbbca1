import DurableFiles
import Foundation
import Imaging

#if canImport(Glibc)
import Glibc
#endif

/// What part of a data set a block of pixels holds.
public enum PixelSplit: String, Sendable {
    case train
    case test
    /// The test images' masks: 1 where abnormal.
    case testMasks = "test-masks"
}

/// Decoded images as bytes `[N, C, H, W]`: a read-only mapping of a cache file, so that all processes that use it share
/// the memory.
public struct PixelBlock: Sendable {
    public let count: Int
    public let channels: Int
    public let height: Int
    public let width: Int
    private let mapping: Mapping

    fileprivate init(mapping: Mapping, count: Int, channels: Int, size: Int) {
        self.mapping = mapping
        self.count = count
        self.channels = channels
        height = size
        width = size
    }

    /// Calls `body` with the bytes. They stay where they are as long as the block lives.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(rebasing: mapping.bytes.dropFirst(PixelCache.headerSize)))
    }
}

/// Decoded, resized images kept on disk by content, so that a data set is decoded once for all jobs.
public enum PixelCache {
    /// A magic word, the number of bytes and a checksum, eight bytes each.
    static let headerSize = 24
    private static let magic = UInt64(0x3145_4843_4157_534D)

    /// The pixels of a split at `size` × `size`: converted to `channels` first, then resized as Pillow's BILINEAR does,
    /// not keeping the aspect (specification 1.4); masks by NEAREST, then > 0. Where an image has no mask, zeros.
    ///
    /// On a miss all images are decoded on all cores and the file is written in whole; processes that do so at the same
    /// time do not disturb each other. A damaged file is made anew.
    /// - Throws: `ImagingError` that names the image, `FileError` that names the cache file.
    public static func load(
        folder: ImageFolder, fingerprint: String, split: PixelSplit, channels: Int, size: Int, cacheDirectory: URL
    ) throws -> PixelBlock {
        let entries = split == .train ? folder.train : folder.test
        let length = entries.count * channels * size * size
        let file = cacheDirectory.appending(path: "\(fingerprint)-\(split.rawValue)-\(channels)x\(size).u8")
        if let mapping = Mapping(file), isWhole(mapping, length: length) {
            return PixelBlock(mapping: mapping, count: entries.count, channels: channels, size: size)
        }
        let planes = try parallelMap(entries) { entry throws(ImagingError) in
            split == .testMasks
                ? try mask(entry, size: size) : try pixels(entry, channels: channels, size: size)
        }
        var bytes = Data(capacity: headerSize + length)
        let body = Data(planes.joined())
        for word in [magic, UInt64(length), checksum(body)] {
            Swift.withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.append(body)
        try FileManager.default.createDirectory(at: cacheDirectory, withIntermediateDirectories: true)
        try DurableFile.write(bytes, to: file)
        guard let mapping = Mapping(file), isWhole(mapping, length: length) else {
            throw FileError("read back", file.path, code: EIO)
        }
        return PixelBlock(mapping: mapping, count: entries.count, channels: channels, size: size)
    }

    private static func pixels(_ entry: ImageEntry, channels: Int, size: Int) throws(ImagingError) -> [UInt8] {
        let image = try ImageCodec.read(entry.path)
        let converted = channels == 1 ? image.grey() : image.rgb()
        let resized = converted.resized(width: size, height: size, filter: .bilinear)
        guard channels > 1 else { return resized.pixels }
        // Interleaved to planar.
        return (0..<channels).flatMap { channel in
            stride(from: channel, to: resized.pixels.count, by: channels).map { resized.pixels[$0] }
        }
    }

    private static func mask(_ entry: ImageEntry, size: Int) throws(ImagingError) -> [UInt8] {
        guard let mask = entry.mask else { return Array(repeating: 0, count: size * size) }
        let resized = try ImageCodec.read(mask).grey().resized(width: size, height: size, filter: .nearest)
        return resized.pixels.map { $0 > 0 ? 1 : 0 }
    }

    private static func isWhole(_ mapping: Mapping, length: Int) -> Bool {
        guard mapping.bytes.count == headerSize + length else { return false }
        func word(_ index: Int) -> UInt64 { UInt64(littleEndian: mapping.bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)) }
        return word(0) == magic && word(1) == UInt64(length)
            && word(2) == checksum(UnsafeRawBufferPointer(rebasing: mapping.bytes.dropFirst(headerSize)))
    }

    /// FNV-1a over eight bytes at a time: against damage, not against intent.
    private static func checksum(_ bytes: some ContiguousBytes) -> UInt64 {
        bytes.withUnsafeBytes { bytes in
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            var offset = 0
            while offset + 8 <= bytes.count {
                hash = (hash ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
                    &* 0x100_0000_01B3
                offset += 8
            }
            for byte in bytes[offset...] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            return hash
        }
    }
}

/// A file mapped into memory, read-only, until the last reference goes.
final class Mapping: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer

    /// `nil` when the file is absent or empty.
    init?(_ file: URL) {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0,
            let start = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED
        else { return nil }
        bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count) }
}
