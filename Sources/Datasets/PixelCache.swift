import DurableFiles
import Foundation
import Imaging

/// Decoded, resized images kept on disk by content, so that a data set is decoded once for all jobs.
public enum PixelCache {
    /// Eight words of eight bytes, little-endian: magic, N, C, H, W, the checksum of the pixels and two of zero, so that
    /// the pixels begin on a cache line.
    static let headerSize = 64
    private static let magic = UInt64(0x3245_4843_4157_534D)

    /// The pixels of a split at `size` × `size`: converted to `channels` first, then resized as Pillow's BILINEAR does,
    /// not keeping the aspect (specification 1.4); masks by NEAREST, then > 0. Where an image has no mask, zeros.
    ///
    /// On a miss all images are decoded on all cores and the file is written in whole; processes that do so at the same
    /// time do not disturb each other. A damaged file is made anew.
    /// - Throws: `ImagingError` that names the image, `FileError` that names the cache file.
    public static func load(
        folder: ImageFolder, fingerprint: String, split: PixelSplit, channels: Int, size: Int, cacheDirectory: URL
    ) throws -> PixelBlock {
        precondition(channels == 1 || channels == 3, "the images are grey or RGB")
        precondition(size > 0 && size <= ImageCodec.sideLimit, "the size is one of an image")
        let entries = split == .train ? folder.train : folder.test
        let shape = [entries.count, channels, size, size]
        let file = cacheDirectory.appending(path: "\(fingerprint)-\(split.rawValue)-\(channels)x\(size).u8")
        if let mapping = Mapping(file), isWhole(mapping, shape: shape) {
            return PixelBlock(mapping: mapping, count: entries.count, channels: channels, size: size)
        }
        let bytes = try decoded(entries, split: split, channels: channels, size: size)
        try FileManager.default.createDirectory(at: cacheDirectory, withIntermediateDirectories: true)
        try DurableFile.write(bytes, to: file)
        guard let mapping = Mapping(file), isWhole(mapping, shape: shape) else {
            throw FileError("read back", file.path, code: EIO)
        }
        return PixelBlock(mapping: mapping, count: entries.count, channels: channels, size: size)
    }

    /// The bytes of a cache file: every image is decoded straight into its place, so that a large set is in memory once.
    private static func decoded(_ entries: [ImageEntry], split: PixelSplit, channels: Int, size: Int) throws -> Data {
        let stride = channels * size * size
        var bytes = Data(count: headerSize + entries.count * stride)
        try bytes.withUnsafeMutableBytes { (buffer: UnsafeMutableRawBufferPointer) in
            // Each image has its own part of the memory, which is what makes sharing it between threads safe.
            nonisolated(unsafe) let target = buffer
            _ = try parallelMap(Array(entries.indices)) { index throws(ImagingError) in
                let planes = split == .testMasks
                    ? try mask(entries[index], size: size) : try pixels(entries[index], channels: channels, size: size)
                let start = headerSize + index * stride
                UnsafeMutableRawBufferPointer(rebasing: target[start..<start + stride]).copyBytes(from: planes)
            }
            let body = UnsafeRawBufferPointer(rebasing: buffer[headerSize...])
            for (index, word) in header([entries.count, channels, size, size], body).enumerated() {
                buffer.storeBytes(of: word.littleEndian, toByteOffset: 8 * index, as: UInt64.self)
            }
        }
        return bytes
    }

    private static func header(_ shape: [Int], _ pixels: UnsafeRawBufferPointer) -> [UInt64] {
        [magic] + shape.map(UInt64.init) + [checksum(pixels), 0, 0]
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

    private static func isWhole(_ mapping: Mapping, shape: [Int]) -> Bool {
        guard mapping.bytes.count == headerSize + shape.reduce(1, *) else { return false }
        let pixels = UnsafeRawBufferPointer(rebasing: mapping.bytes[headerSize...])
        return header(shape, pixels).enumerated().allSatisfy { index, word in
            UInt64(littleEndian: mapping.bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)) == word
        }
    }

    /// FNV-1a over eight bytes at a time: against damage, not against intent.
    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
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
