import DurableFiles
import Foundation
import Imaging

/// Decoded, resized images kept on disk by content, so that a data set is decoded once for all jobs.
public enum PixelCache {
    /// Eight words of eight bytes, little-endian: magic, N, C, H, W, the checksum of the pixels and two of zero, so that
    /// the pixels begin on a cache line.
    static let headerSize = 64
    /// Its first letter is raised when the same files give other pixels.
    private static let magic = UInt64(0x3345_4843_4157_534D)
    /// How many bytes are decoded before they are written.
    private static let pieceSize = 64 << 20

    /// The pixels of a split at `size` × `size`: converted to `channels` first, then resized as Pillow's BILINEAR does,
    /// not keeping the aspect; masks by NEAREST. Where an image has no mask, zeros.
    ///
    /// On a miss all images are decoded on all cores, piece by piece, and the file is written in whole; a process that
    /// needs the same file in the meantime waits for it. A damaged file is made anew.
    /// - Throws: `ImagingError` that names the image, `FileError` that names the cache file.
    public static func load(
        folder: ImageFolder, fingerprint: String, split: PixelSplit, channels: Int, size: Int, cacheDirectory: URL
    ) throws -> PixelBlock {
        precondition(channels == 1 || channels == 3, "the images are grey or RGB")
        precondition(size > 0 && size <= ImageCodec.sideLimit, "the size is one of an image")
        let entries = split == .train ? folder.train : folder.test
        let shape = [entries.count, channels, size, size]
        let file = cacheDirectory.appending(path: "\(fingerprint)-\(split.rawValue)-\(channels)x\(size).u8")
        func cached() -> PixelBlock? {
            guard let mapping = Mapping(file), isWhole(mapping, shape: shape) else { return nil }
            return PixelBlock(mapping: mapping, count: entries.count, channels: channels, size: size)
        }
        if let block = cached() { return block }
        do throws(FileError) {
            try DurableFile.makeFolder(cacheDirectory)
        } catch {
            let reason = FileError("make the folder for decoded images", cacheDirectory.path, code: error.code)
            throw DatasetError("\(reason); name another with --cache")
        }
        return try FileLock.hold(beside: file) {
            // Another process may have made it while this one waited.
            if let block = cached() { return block }
            removeAbandoned(beside: file)
            let table = split == .testMasks
                ? nil : try folder.intensityTable(fingerprint: fingerprint, cacheDirectory: cacheDirectory)
            try write(to: file, shape: shape) { index throws(ImagingError) in
                split == .testMasks
                    ? try mask(entries[index], folder.options, size: size)
                    : try pixels(folder.image(entries[index], table), channels: channels, size: size)
            }
            guard let block = cached() else { throw FileError("read back", file.path, code: EIO) }
            return block
        }
    }

    /// Writes a cache file: images are decoded in pieces, so that a large set is never in memory as a whole.
    private static func write(
        to file: URL, shape: [Int], _ planes: @escaping @Sendable (Int) throws(ImagingError) -> [UInt8]
    ) throws {
        let (count, stride) = (shape[0], shape[1...].reduce(1, *))
        let length = headerSize + count * stride
        func failed() -> FileError { FileError("keep \(max(1, length >> 20)) MiB of decoded images in", file.path) }
        let temporary = DurableFile.temporaryName(for: file)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failed() }
        do {
            defer { close(descriptor) }
            func append(_ data: Data) throws {
                do throws(FileError) {
                    try DurableFile.append(data, to: descriptor, name: temporary)
                } catch {
                    errno = error.code
                    throw failed()
                }
            }
            try append(Data(count: headerSize))
            var checksum = Checksum()
            let batch = max(1, pieceSize / stride)
            for start in Swift.stride(from: 0, to: count, by: batch) {
                let piece = try decoded(start..<min(count, start + batch), stride: stride, planes)
                piece.withUnsafeBytes { checksum.add($0) }
                try append(piece)
            }
            let header = header(shape, checksum: checksum.value).map(\.littleEndian).withUnsafeBytes { Data($0) }
            let isWritten = header.withUnsafeBytes { pwrite(descriptor, $0.baseAddress!, headerSize, 0) == headerSize }
            guard isWritten, fsync(descriptor) == 0 else { throw failed() }
        } catch {
            unlink(temporary)
            throw error
        }
        try DurableFile.publish(temporary, as: file)
    }

    /// Removes what processes that were killed in the middle have left of this file more than an hour ago.
    private static func removeAbandoned(beside file: URL) {
        let folder = file.deletingLastPathComponent().path
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard name.hasPrefix(".\(file.lastPathComponent)."), name.hasSuffix(".partial") else { continue }
            let path = "\(folder)/\(name)"
            var status = stat()
            if stat(path, &status) == 0, time(nil) - status.st_mtim.tv_sec > 3600 { unlink(path) }
        }
    }

    /// Every image is decoded straight into its place.
    private static func decoded(
        _ range: Range<Int>, stride: Int, _ planes: @escaping @Sendable (Int) throws(ImagingError) -> [UInt8]
    ) throws -> Data {
        var bytes = Data(count: range.count * stride)
        try bytes.withUnsafeMutableBytes { (buffer: UnsafeMutableRawBufferPointer) in
            // Each image has its own part of the memory, which is what makes sharing it between threads safe.
            nonisolated(unsafe) let target = buffer
            _ = try parallelMap(Array(range)) { index throws(ImagingError) in
                let start = (index - range.lowerBound) * stride
                UnsafeMutableRawBufferPointer(rebasing: target[start..<start + stride]).copyBytes(from: try planes(index))
            }
        }
        return bytes
    }

    private static func header(_ shape: [Int], checksum: UInt64) -> [UInt64] {
        [magic] + shape.map(UInt64.init) + [checksum, 0, 0]
    }

    private static func pixels(_ image: Image, channels: Int, size: Int) -> [UInt8] {
        let converted = channels == 1 ? image.grey() : image.rgb()
        let resized = converted.resized(width: size, height: size, filter: .bilinear)
        guard channels > 1 else { return resized.pixels }
        // Interleaved to planar.
        return (0..<channels).flatMap { channel in
            stride(from: channel, to: resized.pixels.count, by: channels).map { resized.pixels[$0] }
        }
    }

    /// 1 where any of an image's masks marks.
    private static func mask(_ entry: ImageEntry, _ options: DatasetOptions, size: Int) throws(ImagingError) -> [UInt8] {
        var marked = [UInt8](repeating: 0, count: size * size)
        guard entry.hasMask else { return marked }
        let image = try ImageCodec.size(of: entry.path, orientation: options.orientation)
        for file in entry.masks {
            let stored = try ImageCodec.stored(ImageCodec.bytes(of: file), name: file.path, orientation: options.orientation)
            let mask = stored.marks(above: options.maskThreshold)
            guard (mask.width, mask.height) == image else {
                throw ImagingError(
                    "the mask '\(file.path)' is \(mask.width) × \(mask.height) pixels and its image \(image.width) × \(image.height); make them alike")
            }
            for (place, pixel) in mask.resized(width: size, height: size, filter: .nearest).pixels.enumerated() where pixel > 0 { marked[place] = 1 }
        }
        return marked
    }

    private static func isWhole(_ mapping: Mapping, shape: [Int]) -> Bool {
        guard mapping.bytes.count == headerSize + shape.reduce(1, *) else { return false }
        var checksum = Checksum()
        checksum.add(UnsafeRawBufferPointer(rebasing: mapping.bytes[headerSize...]))
        return header(shape, checksum: checksum.value).enumerated().allSatisfy { index, word in
            UInt64(littleEndian: mapping.bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)) == word
        }
    }
}
