import DurableFiles
import Foundation
import Imaging
import Synchronization
import TestSupport
import Testing

@testable import Datasets

/// The cache's file: its checksum, its lock, a full disk, what killed processes leave.
@Suite struct PixelCacheFileTests {
    private func load(_ folder: ImageFolder, _ cache: URL, size: Int = 8) throws -> [UInt8] {
        try PixelCache.load(folder: folder, fingerprint: "f", split: .train, channels: 1, size: size, cacheDirectory: cache)
            .withUnsafeBytes { Array($0) }
    }

    @Test func checksumsDoNotDependOnPieces() {
        let bytes = (0..<1000).map { UInt8($0 * 7 % 251) }
        func checksum(_ cuts: [Int], of bytes: [UInt8]) -> UInt64 {
            var sum = Checksum()
            var start = 0
            for end in cuts + [bytes.count] {
                bytes[start..<end].withUnsafeBytes { sum.add($0) }
                start = end
            }
            return sum.value
        }
        let whole = checksum([], of: bytes)
        for cuts in [[1], [32], [31, 33], [5, 6, 7, 500], [0, 64, 64, 999]] { #expect(checksum(cuts, of: bytes) == whole) }
        // Any single bit, and a byte more or less, is seen.
        for place in stride(from: 0, to: 1000, by: 9) {
            var other = bytes
            other[place] ^= 1 << UInt8(place % 8)
            #expect(checksum([], of: other) != whole)
        }
        #expect(checksum([], of: bytes + [0]) != whole && checksum([], of: Array(bytes.dropLast())) != whole)
    }

    @Test func locksKeepTheSecondWaiting() async throws {
        let sample = try SampleFolder.lists()
        let file = sample.root.appending(path: "work")
        let events = Events()
        let isHeld = DispatchSemaphore(value: 0)
        let mayEnd = DispatchSemaphore(value: 0)
        async let first: Void = offPool {
            FileLock.hold(beside: file) {
                isHeld.signal()
                mayEnd.wait()
                events.add("first")
            }
        }
        try await offPool { isHeld.wait() }
        async let second: Void = offPool {
            FileLock.hold(beside: file) { events.add("second") }
        }
        try await Task.sleep(for: .milliseconds(200))
        #expect(events.all.isEmpty)
        mayEnd.signal()
        _ = try await (first, second)
        #expect(events.all == ["first", "second"])
        #expect(!FileManager.default.fileExists(atPath: sample.root.appending(path: ".work.lock").path))
    }

    /// Where there can be no lock, the work is done all the same.
    @Test func absentFoldersNeedNoLock() {
        #expect(FileLock.hold(beside: URL(filePath: "/no/such/folder/file")) { 7 } == 7)
    }

    @Test func leftoversOfKilledProcessesGo() throws {
        let sample = try SampleFolder.lists()
        let folder = try sample.open()
        try FileManager.default.createDirectory(at: sample.cache, withIntermediateDirectories: true)
        let (old, new) = (".f-train-1x8.u8.1.2.partial", ".f-train-1x8.u8.3.4.partial")
        for name in [old, new] { try Data([1]).write(to: sample.cache.appending(path: name)) }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: sample.cache.appending(path: old).path)
        _ = try load(folder, sample.cache)
        #expect(try FileManager.default.contentsOfDirectory(atPath: sample.cache.path).sorted() == [new, "f-train-1x8.u8"])
    }

    @Test(.enabled(if: SmallDisk.isPermitted)) func aFullDiskGetsOneSentence() throws {
        let sample = try SampleFolder.lists()
        let folder = try sample.open()
        let disk = try SmallDisk(on: sample.cache, megabytes: 1)
        // Two images of 1024 × 1024 do not fit.
        let error = #expect(throws: FileError.self) { try load(folder, sample.cache, size: 1024) }
        #expect(error?.code == ENOSPC)
        let file = sample.cache.appending(path: "f-train-1x1024.u8").path
        #expect(error?.description == "cannot keep 2 MiB of decoded images in '\(file)': there is no room left; make some, or name another place")
        #expect(try FileManager.default.contentsOfDirectory(atPath: sample.cache.path) == [])
        // What fits is kept.
        #expect(try load(folder, sample.cache, size: 64).count == 2 * 64 * 64)
        disk.end()
    }

    @Test func unusableFoldersAreNamed() throws {
        let sample = try SampleFolder.lists()
        let error = #expect(throws: DatasetError.self) { try load(sample.open(), sample.url("data.json").appending(path: "cache")) }
        #expect(error?.description.contains("data.json/cache") == true && error?.description.contains("--cache") == true)
    }

    /// A photograph that is turned by EXIF is turned where that is followed: the left half becomes the upper.
    @Test func orientationIsFollowedWhereItIsAsked() throws {
        let sample = try SampleFolder.mvtec(masks: false)
        let image = Image(width: 16, height: 16, channels: 1, pixels: (0..<256).map { $0 % 16 < 8 ? 200 : 20 })
        var png = [UInt8](try ImageCodec.encodePNG(image))
        // The chunk eXIf before the pixels: orientation 6, a quarter turn to the right.
        let exif = Array("II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
        var chunk: [UInt8] = [0, 0, 0, UInt8(exif.count)] + Array("eXIf".utf8) + exif
        chunk += Self.crc(Array(chunk[4...]))
        png.insert(contentsOf: chunk, at: 33)
        for name in ["000", "001"] { try Data(png).write(to: sample.url("train/good/\(name).png")) }
        let turned = try load(sample.open(), sample.cache, size: 16)
        #expect(turned[..<128].allSatisfy { $0 == 200 } && turned[128..<256].allSatisfy { $0 == 20 })
        let camelyon = try SampleFolder.camelyon()
        for name in ["1", "2"] { try Data(png).write(to: camelyon.url("train/good/\(name).png")) }
        #expect(try Array(load(camelyon.open(), camelyon.cache, size: 16)[..<256]) == image.pixels)
    }

    private final class Events: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func add(_ event: String) { list.withLock { $0.append(event) } }
    }

    private static func crc(_ bytes: [UInt8]) -> [UInt8] {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return withUnsafeBytes(of: (~crc).bigEndian) { Array($0) }
    }
}
